import type { Event } from '../../model/events.ts'
import { describeChange } from '../../model/lock-changes.ts'
import { describeReproduced } from './reproduced.ts'
import { cut, pad } from './table.ts'
import { formatBytes, formatProgress, formatSeconds } from './quantity.ts'
import { describeLearned } from './learned.ts'
import { renderProblem } from './problem.ts'
import { safeText } from './safe-text.ts'
import type { EventRenderer, Screen } from './screen.ts'

type Progress = Extract<Event, { kind: 'progress' }>

const outputKept = 20
const stepWidth = 'initialise'.length
const secondsBetweenProgress = 10

/** One line an event, for logs and pipes; progress now and then, so that a long step does not look hung. */
export function lineRenderer(screen: Screen, verbose: boolean): EventRenderer<Event> {
  const output = recentOutput(screen)
  let lastProgress = -Infinity
  const line = (text: string) => screen.write(`${text}\n`)
  return {
    show(event) {
      if (event.kind === 'output' && !verbose) {
        output.keep(event.text)
        return
      }
      if (event.kind === 'problem' && event.lines === undefined) output.print()
      if (event.kind === 'progress') {
        if (screen.now() - lastProgress < secondsBetweenProgress * 1000) return
        lastProgress = screen.now()
      }
      if (event.kind === 'step-started') lastProgress = screen.now()
      const text = describe(event, screen)
      if (text !== undefined) line(text)
    },
    end: () => undefined,
  }
}

/** On a terminal: each step has one line that is drawn anew until it settles. */
export function terminalRenderer(screen: Screen, verbose: boolean): EventRenderer<Event> {
  const output = recentOutput(screen)
  let current: { step: string; started: number; progress?: Progress } | undefined
  const clear = () => screen.write('\r\x1b[2K')
  const draw = () => {
    if (!current) return
    const took = formatSeconds((screen.now() - current.started) / 1000)
    const doing = current.progress ? `  ${describeProgress(current.progress)}` : ''
    const text = cut(`… ${pad(current.step, stepWidth)}  ${pad(took, 7)}${doing}`, (screen.columns ?? 80) - 1)
    screen.write(`\r\x1b[2K${screen.paint.faint(text)}`)
  }
  const ticker = setInterval(draw, 250)
  ticker.unref()
  return {
    show(event) {
      if (event.kind === 'output' && !verbose) {
        output.keep(event.text)
        return
      }
      if (event.kind === 'progress') {
        if (current) current.progress = event
        return
      }
      clear()
      if (event.kind === 'problem' && event.lines === undefined) output.print()
      if (event.kind === 'step-started') current = { step: event.step, started: screen.now() }
      else {
        if (event.kind === 'step-finished' || event.kind === 'problem') current = undefined
        const text = describe(event, screen)
        if (text !== undefined) screen.write(`${text}\n`)
      }
      draw()
    },
    end() {
      clearInterval(ticker)
      if (current) clear()
    },
  }
}

/** The last lines of a build's output, which matter only when it fails. */
function recentOutput(screen: Screen) {
  const lines: string[] = []
  return {
    keep(text: string) {
      lines.push(...text.split('\n'))
      lines.splice(0, lines.length - outputKept)
    },
    print() {
      for (const line of lines.splice(0)) screen.write(`${screen.paint.faint(`  | ${safeText(line)}`)}\n`)
    },
  }
}

/** The line that stays of an event; undefined when none does. */
function describe(event: Event, screen: Screen): string | undefined {
  const { paint, columns } = screen
  switch (event.kind) {
    case 'deploy-started':
      return `deploying ${paint.strong(event.app)}`
    case 'step-started':
      return columns === undefined ? `${event.step}: started` : undefined
    case 'progress':
      return `${event.step}: ${describeProgress(event)}`
    case 'layer':
      return event.reused ? undefined : paint.faint(cut(`  layer ${event.title}  ${formatBytes(event.bytes)}`, columns))
    case 'output':
      return paint.faint(`  | ${safeText(event.text.trimEnd())}`)
    case 'notice':
      return `${paint.warning('note:')} ${safeText(event.message)}`
    case 'step-finished': {
      const facts = `${pad(event.step, stepWidth)}  ${pad(formatSeconds(event.seconds), 7)}  ${safeText(event.summary)}`
      return `${paint.good('✓')} ${cut(facts.trimEnd(), columns === undefined ? undefined : columns - 2)}`
    }
    case 'locked':
      return describeLocked(event, screen)
    case 'outdated':
      return undefined
    case 'difference': // the problem that follows names them
      return undefined
    case 'reproduced':
      return describeReproduced(event, screen)
    case 'attack':
      return describeAttack(event, screen)
    case 'audit-column':
      return describeColumn(event, screen)
    case 'audited': // the answer shows it
      return undefined
    case 'learned':
      return describeLearned(event.learned)
    case 'bundled':
      return `bundled ${paint.strong(`${event.app} ${event.release}`)} in ${formatSeconds(event.seconds)}`
    case 'built':
      return `built ${paint.strong(event.app)} in ${formatSeconds(event.seconds)}`
    case 'deployed':
      return event.changed
        ? `${paint.strong(`${event.app} ${event.release}`)} serves after ${formatSeconds(event.seconds)}`
        : `${paint.strong(`${event.app} ${event.release}`)} serves already; nothing has changed`
    case 'done':
      return safeText(event.message)
    case 'problem':
      return renderProblem(event, paint)
    default:
      return event satisfies never
  }
}

/** Each attack is one line of talk; the answer shows them side by side. */
function describeAttack(event: Extract<Event, { kind: 'attack' }>, { paint, columns }: Screen): string {
  const { column, attack, verdict, evidence } = event
  const line = cut(`  ${column}  ${attack}  ${verdict}  ${safeText(evidence)}`, columns)
  return verdict === 'leaked' ? line : paint.faint(line)
}

function describeColumn(event: Extract<Event, { kind: 'audit-column' }>, { paint }: Screen): string {
  const { name, missing, leaks, seconds } = event
  if (missing.length > 0) return `${paint.warning('note:')} ${name} is not given here: ${safeText(missing.join('; '))}`
  return `${paint.good('✓')} ${name}: ${leaks} leaked, in ${formatSeconds(seconds)}`
}

const changesShown = 40

/** What a lock changed; a first lock is only counted. */
function describeLocked({ changes, artifacts }: Extract<Event, { kind: 'locked' }>, { columns }: Screen): string {
  const isFirst = changes.every(({ from }) => from === undefined) && changes.length > changesShown / 4
  const shown = isFirst
    ? []
    : changes.slice(0, changesShown).map((change) => cut(`  ${describeChange(change)}`, columns))
  const more = isFirst || changes.length <= changesShown ? [] : [`  and ${changes.length - changesShown} more`]
  return [`locked ${artifacts} packages and files`, ...shown.map(safeText), ...more].join('\n')
}

function describeProgress({ what, done, total, unit }: Progress): string {
  return `${safeText(what)}  ${formatProgress(done, total, unit)}`
}
