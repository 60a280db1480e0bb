import { auditReleaseAttacks } from '../../audit/index.ts'
import type { AuditReport, AuditRequest, AuditSummary } from '../../model/audit.ts'
import { summaryOfAudit } from '../../model/audit-matrix.ts'
import { releaseName } from '../../model/names.ts'
import { releaseLeaks } from '../../model/problems/audit.ts'
import { appNeverDeployed } from '../../model/problems/state.ts'
import type { Release } from '../../model/release.ts'
import type { App } from '../../store/apps.ts'
import type { Berth } from '../berth.ts'
import { step, type Change } from '../journal.ts'
import { keepControl, keptControl } from './control.ts'
import { playColumns, type Work } from './index.ts'
import { installVulnerableApp, layerFolder } from './vulnerable-app.ts'

/**
 * Attacks a copy of an application's current release, from inside, and keeps what came of it.
 * @throws appNeverDeployed
 */
export async function auditApp(
  berth: Berth,
  asked: Work & { readonly app: string; readonly request: AuditRequest },
): Promise<AuditReport> {
  const app = berth.state.apps.get(asked.app)
  if (app.currentRelease === undefined) throw appNeverDeployed({ app: app.name })
  const release = berth.state.releases.get(app, app.currentRelease)
  const { report, summary } = await attackCopy(berth, release, asked)
  // Some attacks alone are no audit of the release.
  if (!asked.request.attacks) berth.state.audits.put(app, release.number, summary)
  return report
}

/**
 * `[isolation] audit = "clean"`: attacks a copy of a release that has no traffic yet.
 * @throws releaseLeaks when something leaks that reaches the host or another application
 */
export async function requireClean(berth: Berth, { app, emit, signal }: Change, release: Release): Promise<void> {
  if (release.run.audit !== 'clean') return
  const quiet: Work['emit'] = (event) => {
    if (event.kind === 'attack' && (event.verdict !== 'leaked' || event.column === 'none')) return
    if (event.kind !== 'audit-column' && event.kind !== 'step-started' && event.kind !== 'step-finished') emit(event)
  }
  const summary = await step('initialise', emit, async () => {
    const { summary: result } = await attackCopy(berth, release, { emit: quiet, signal, request: {} })
    return { result, summary: `attacked a copy: ${wordsOf(result)}` }
  })
  const leaks = summary.leaks.filter(({ isMinor }) => !isMinor)
  if (leaks.length === 0 && summary.unclear.length === 0) {
    keepAudit(berth, app, release, summary)
    return
  }
  throw releaseLeaks({
    app: app.name,
    level: summary.level,
    serving: berth.state.sandboxes.serving(app)?.release,
    lines: [
      ...leaks.map(({ id, title, evidence }) => `${id} ${title}: ${evidence}`),
      ...summary.unclear.map((id) => `${id}: nothing can be said of it`),
    ],
  })
}

function keepAudit({ state }: Berth, app: App, { number }: Release, summary: AuditSummary): void {
  state.audits.put(app, number, summary)
}

function wordsOf({ played, leaks }: AuditSummary): string {
  const major = leaks.filter(({ isMinor }) => !isMinor).length
  return `${major} of ${played} attacks reach the host or a neighbour`
}

async function attackCopy(
  berth: Berth,
  release: Release,
  { emit, signal, request }: Work & { readonly request: AuditRequest },
): Promise<{ report: AuditReport; summary: AuditSummary }> {
  using held = await berth.busy.holdStore()
  const image = await installVulnerableApp(berth, { emit, signal })
  const { run, layers, settings, secretVersions, number } = release
  const secrets = Object.fromEntries(Object.keys(secretVersions).map((name) => [name, 'not-in-the-copy']))
  const copy = {
    layers: layers.map((layer) => layerFolder(berth, layer)),
    ...{ workdir: run.workdir, port: run.port, limits: run.limits, egress: [...run.egress] },
    env: { ...run.env, ...settings, ...secrets },
    volumes: run.volumes.map(({ path }) => path),
  }
  const attacks = auditReleaseAttacks(request.attacks)
  const control = keptControl(
    berth,
    attacks.map(({ id }) => id),
  )
  const report = await playColumns(berth, image, {
    columns: ['none', run.level],
    ...(control ? { control } : {}),
    attacks,
    copy,
    emit,
    signal,
  })
  if (!control && !request.attacks) keepControl(berth, report)
  const named = { ...report, app: release.app, release: releaseName(number) }
  return { report: named, summary: withDeclared(summaryOfAudit(named, run.level), run.egress) }
}

/** Calling out is what a release that declares `egress` is for. */
const callingOut = new Set(['N10', 'N14'])

function withDeclared(summary: AuditSummary, egress: readonly string[]): AuditSummary {
  if (egress.length === 0) return summary
  const leaks = summary.leaks.map((leak) => (callingOut.has(leak.id) ? { ...leak, isMinor: true } : leak))
  return { ...summary, leaks }
}
