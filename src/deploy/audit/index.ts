import { auditColumns, attacksCalled, playOutside, reportOf, type StageLine } from '../../audit/index.ts'
import type { AuditCell, AuditColumn, AuditReport, AuditRequest, PostureReport } from '../../model/audit.ts'
import type { Emit } from '../../model/events.ts'
import { auditFailed } from '../../model/problems/audit.ts'
import type { Berth } from '../berth.ts'
import { secondsSince } from '../journal.ts'
import { installVulnerableApp, type VulnerableApp } from './vulnerable-app.ts'

interface Work {
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Attacks the vulnerable application at every level that this host can give, one level after the other. */
export async function auditLevels(berth: Berth, request: AuditRequest, work: Work): Promise<AuditReport> {
  using held = await berth.busy.holdStore()
  const begun = { at: new Date().toISOString(), clock: performance.now() }
  const attacks = attacksCalled(request.attacks)
  const columns = auditColumns(request.columns)
  const image = await installVulnerableApp(berth, work)
  const outcomes: ColumnOutcome[] = []
  for (const column of columns) {
    const outcome = await auditColumn(berth, image, { column, attacks: attacks.map(({ id }) => id), ...work })
    outcomes.push(outcome)
  }
  return reportOf({ startedAt: begun.at, seconds: secondsSince(begun.clock), attacks, outcomes })
}

export interface ColumnOutcome {
  readonly column: AuditColumn
  readonly cells: ReadonlyMap<string, AuditCell>
  readonly posture: readonly PostureReport[]
}

async function auditColumn(
  berth: Berth,
  image: VulnerableApp,
  { column, attacks, emit, signal }: Work & { readonly column: string; readonly attacks: readonly string[] },
): Promise<ColumnOutcome> {
  const begun = performance.now()
  const cells = new Map<string, AuditCell>()
  const posture: PostureReport[] = []
  const state = { missing: [] as readonly string[], failure: undefined as string | undefined }
  const { layers, config } = image
  const order = { column, attacks: [...attacks], image: { layers: [...layers], ...runOf(config) } }
  const take = (line: StageLine) => {
    if (line.kind === 'column') state.missing = line.missing
    if (line.kind === 'cell') {
      cells.set(line.attack, line.cell)
      emit({ kind: 'attack', column, attack: line.attack, verdict: line.cell.verdict, evidence: line.cell.evidence })
    }
    if (line.kind === 'posture') posture.push(line.report)
    if (line.kind === 'notice') emit({ kind: 'notice', message: line.message })
    if (line.kind === 'failed') state.failure = line.reason
  }
  await playOutside(berth.instance, order, { signal, onLine: take })
  if (state.failure !== undefined) throw auditFailed({ column, reason: state.failure })
  const known = auditColumnKind(column)
  const seconds = secondsSince(begun)
  const missing = [...state.missing]
  const leaks = [...cells.values()].filter(({ verdict }) => verdict === 'leaked').length
  emit({ kind: 'audit-column', name: column, missing, leaks, seconds })
  return { column: { name: column, kind: known, missing, seconds }, cells, posture }
}

function auditColumnKind(name: string): AuditColumn['kind'] {
  if (name === 'none') return 'control'
  return name.endsWith('-default') ? 'comparison' : 'level'
}

function runOf({ argv, workdir, env, port }: VulnerableApp['config']) {
  return { argv: [...argv], workdir, env: { ...env }, port }
}
