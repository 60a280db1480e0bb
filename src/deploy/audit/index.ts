import {
  attacksCalled,
  auditColumns,
  playOutside,
  reportOf,
  runtimeFacts,
  type Attack,
  type StageLine,
} from '../../audit/index.ts'
import type { StageOrder } from '../../audit/index.ts'
import type { AuditCell, AuditColumn, AuditReport, AuditRequest, PostureReport } from '../../model/audit.ts'
import type { Emit } from '../../model/events.ts'
import { auditFailed } from '../../model/problems/audit.ts'
import type { Berth } from '../berth.ts'
import { secondsSince } from '../journal.ts'
import { keepControl } from './control.ts'
import { installVulnerableApp, type VulnerableApp } from './vulnerable-app.ts'

export interface Work {
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Attacks the vulnerable application at every level that this host can give, one level after the other. */
export async function auditLevels(berth: Berth, request: AuditRequest, work: Work): Promise<AuditReport> {
  using held = await berth.busy.holdStore()
  const attacks = attacksCalled(request.attacks)
  const columns = auditColumns(request.columns)
  const report = await playColumns(berth, await installVulnerableApp(berth, work), { columns, attacks, ...work })
  if (!request.attacks) keepControl(berth, report)
  return report
}

interface Battery extends Work {
  readonly columns: readonly string[]
  readonly attacks: readonly Attack[]
  /** What the control has come to already. */
  readonly control?: ReadonlyMap<string, AuditCell>
  /** Attacked in place of the vulnerable application, at every level but none. */
  readonly copy?: NonNullable<StageOrder['release']>
}

/** Plays the same attacks for each column. The caller holds the store. */
export async function playColumns(berth: Berth, image: VulnerableApp, battery: Battery): Promise<AuditReport> {
  const startedAt = new Date().toISOString()
  const begun = performance.now()
  const outcomes: ColumnOutcome[] = []
  for (const column of battery.columns) {
    const isKnown = column === 'none' && battery.control !== undefined
    outcomes.push(isKnown ? controlOutcome(battery) : await playColumn(berth, image, { ...battery, column }))
  }
  const facts = { startedAt, seconds: secondsSince(begun), attacks: battery.attacks, outcomes }
  return reportOf({ ...facts, ...(await runtimeFacts()) })
}

function controlOutcome({ attacks, control }: Battery): ColumnOutcome {
  const cells = attacks.flatMap(({ id }): [string, AuditCell][] => {
    const cell = control?.get(id)
    return cell ? [[id, cell]] : []
  })
  return { column: { name: 'none', kind: 'control', missing: [], seconds: 0 }, cells: new Map(cells), posture: [] }
}

interface ColumnOutcome {
  readonly column: AuditColumn
  readonly cells: ReadonlyMap<string, AuditCell>
  readonly posture: readonly PostureReport[]
}

async function playColumn(
  berth: Berth,
  { layers, config }: VulnerableApp,
  { column, attacks, copy, emit, signal }: Battery & { readonly column: string },
): Promise<ColumnOutcome> {
  const begun = performance.now()
  const found = { cells: new Map<string, AuditCell>(), posture: [] as PostureReport[], missing: [] as string[] }
  const failures: string[] = []
  const take = (line: StageLine) => {
    switch (line.kind) {
      case 'column':
        found.missing = [...line.missing]
        return
      case 'cell':
        found.cells.set(line.attack, line.cell)
        emit({ kind: 'attack', column, attack: line.attack, verdict: line.cell.verdict, evidence: line.cell.evidence })
        return
      case 'posture':
        found.posture.push(line.report)
        return
      case 'notice':
        emit({ kind: 'notice', message: line.message })
        return
      case 'failed':
        failures.push(line.reason)
        return
      case 'done':
        return
      default:
        line satisfies never
    }
  }
  const image = { layers: [...layers], argv: [...config.argv], workdir: config.workdir, env: { ...config.env } }
  const order = { column, attacks: attacks.map(({ id }) => id), image: { ...image, port: config.port } }
  const release = copy && column !== 'none' ? { release: copy } : {}
  await playOutside(berth.instance, { ...order, ...release }, { signal, onLine: take })
  // Without the control nothing can be told; without another column, the others can.
  if (column === 'none' && failures[0] !== undefined) throw auditFailed({ column, reason: failures[0] })
  const missing = [...found.missing, ...failures.map((reason) => `the scene could not be made: ${reason}`)]
  const seconds = secondsSince(begun)
  const leaks = [...found.cells.values()].filter(({ verdict }) => verdict === 'leaked').length
  emit({ kind: 'audit-column', name: column, missing, leaks, seconds })
  const { cells, posture } = found
  return { column: { name: column, kind: kindOf(column), missing, seconds }, cells, posture }
}

function kindOf(name: string): AuditColumn['kind'] {
  if (name === 'none') return 'control'
  return name.endsWith('-default') ? 'comparison' : 'level'
}
