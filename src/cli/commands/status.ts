import type { AppStatus } from '../../model/api.ts'
import { describeRefusal } from '../../model/refusal.ts'
import { argument, command } from '../command.ts'
import { formatAge, formatMemory } from '../render/quantity.ts'
import { safeText } from '../render/safe-text.ts'
import { fields } from '../render/table.ts'

export const status = command({
  name: 'status',
  summary: 'Show one application: release, state, sandbox, last deployment',
  arguments: { app: argument('APP', 'name of the application') },
  options: {},
  json: '`AppStatus`',
  async run({ app }, context) {
    const found = await (await context.daemon()).get<AppStatus>(`/v1/apps/${encodeURIComponent(app)}`)
    return { kind: 'answer', json: found, text: renderStatus(found, new Date()) }
  },
})

/** Everything that is known of an application, a line each. */
export function renderStatus(status: AppStatus, now: Date): string {
  const lines = fields([
    ['application', status.app],
    ['state', status.since === undefined ? status.state : `${status.state} for ${formatAge(status.since, now)}`],
    ['address', [status.url, ...status.domains].join(' ')],
    ['release', status.release ?? 'none yet'],
    ...optional('image', status.image),
    ['level', status.level],
    ...optional('sandbox', describeSandbox(status)),
    ...optional('limits', describeLimits(status)),
    ...status.volumes.map(({ name, path, source }) => [`volume ${name}`, `${path} (${source} on this host)`] as const),
    ...optional('reach', describeReach(status)),
    ...optional('deployment', describeDeployment(status)),
    ...describePosture(status),
    ...describeChecked(status, now),
    ...optional('audited', describeAudited(status, now)),
  ])
  const refused = describeRefused(status)
  const parts = [
    lines,
    ...(refused === '' ? [] : [refused]),
    ...(status.trouble ? [describeTrouble(status.trouble)] : []),
  ]
  return parts.join('\n\n')
}

const refusalsShown = 10

/** What it tried in vain: the way to find out what an application needs. */
function describeRefused({ app, refused }: AppStatus): string {
  const earlier = refused.length - refusalsShown
  return [
    ...(earlier > 0 ? [`(${earlier} more; \`--json\` shows them)`] : []),
    ...refused.slice(-refusalsShown).map((refusal) => safeText(describeRefusal(app, refusal))),
  ].join('\n')
}

function describeReach({ reach: { egress, links } }: AppStatus): string | undefined {
  const linked = links.map((app) => `the application ${app}`)
  return egress.length + links.length === 0 ? undefined : [...egress, ...linked].join(', ')
}

function optional(name: string, value: string | undefined): (readonly [string, string])[] {
  return value === undefined ? [] : [[name, value]]
}

function describeSandbox({ sandbox }: AppStatus): string | undefined {
  if (!sandbox) return undefined
  const memory = sandbox.memoryBytes === undefined ? '' : `, ${formatMemory(sandbox.memoryBytes)} of memory`
  return `${sandbox.id}, pid ${sandbox.pid}, ${sandbox.address}${memory}`
}

function describeLimits({ limits }: AppStatus): string | undefined {
  return limits && `${formatMemory(limits.memory)} of memory, ${limits.cpus} cpus, ${limits.pids} processes`
}

function describeDeployment({ lastDeployment }: AppStatus): string | undefined {
  if (!lastDeployment) return undefined
  const { number, state, startedAt, problem } = lastDeployment
  return `${number} ${state}, started ${startedAt}${problem === undefined ? '' : `: ${problem}`}`
}

/** Not the walls that were ordered, but those that stand. */
function describePosture({ posture, level }: AppStatus): (readonly [string, string])[] {
  if (!posture) return []
  const { threads, drift } = posture
  const seen = `${threads} ${threads === 1 ? 'thread' : 'threads'}`
  const sum = drift.length === 0 ? `what ${level} stands for` : `NOT what ${level} stands for`
  return [['posture', `${seen}, ${sum}`], ...drift.map((line) => ['DRIFT', safeText(line)] as const)]
}

/** The files of a release are read once a day; what was damaged stays named until the next time. */
function describeChecked({ checked }: AppStatus, now: Date): (readonly [string, string])[] {
  if (!checked) return []
  const { at, damage } = checked
  const sum = damage.length === 0 ? 'its files are what was released' : `${damage.length} damaged`
  return [
    ['checked', `${formatAge(at, now)} ago: ${sum}`],
    ...damage.map(
      ({ what, outcome, mended }) => [mended ? 'mended' : 'DAMAGED', safeText(`${what}: ${outcome}`)] as const,
    ),
  ]
}

function describeAudited({ audited }: AppStatus, now: Date): string | undefined {
  if (!audited) return undefined
  const { at, level, played, leaks, unclear } = audited
  const major = leaks.filter(({ isMinor }) => !isMinor)
  const minor = leaks.length - major.length
  const found = major.length === 0 ? 'nothing leaks' : `${major.length} LEAK: ${major.map(({ id }) => id).join(' ')}`
  const rest = [
    ...(minor > 0 ? [`${minor} that reach nobody`] : []),
    ...(unclear.length > 0 ? [`${unclear.length} unclear`] : []),
  ]
  return safeText([`${formatAge(at, now)} ago, ${played} attacks at ${level}: ${found}`, ...rest].join(', '))
}

function describeTrouble({ exit, restarts, lines }: NonNullable<AppStatus['trouble']>): string {
  const times = restarts === 1 ? 'once' : `${restarts} times`
  return [
    `its last sandbox ended: ${safeText(exit)}; restarted ${times}`,
    ...(lines.length > 0 ? ['its last lines:'] : []),
    ...lines.map((line) => `  | ${safeText(line)}`),
  ].join('\n')
}
