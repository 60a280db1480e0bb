import type { Figure, Measure, Samples } from './measure.ts'

interface Row {
  readonly title: string
  readonly measure: Measure
  readonly unit: Unit
}
type Unit = 's' | 'MiB' | 'KB' | ''

const rows: readonly Row[] = [
  { title: 'cold deploy, s', measure: 'cold-seconds', unit: 's' },
  { title: '— CPU s', measure: 'cold-cpu', unit: 's' },
  { title: 'nothing changed, s', measure: 'same-seconds', unit: 's' },
  { title: '— CPU s', measure: 'same-cpu', unit: 's' },
  { title: 'one line, live after s', measure: 'line-live', unit: 's' },
  { title: '— command done, s', measure: 'line-seconds', unit: 's' },
  { title: '— CPU s', measure: 'line-cpu', unit: 's' },
  { title: '— requests lost', measure: 'line-lost', unit: '' },
  { title: '— requests sent', measure: 'line-sent', unit: '' },
  { title: 'start to answer, s', measure: 'start-seconds', unit: 's' },
  { title: 'memory for the host, MiB', measure: 'memory-host-rss', unit: 'MiB' },
  { title: '— PSS, MiB', measure: 'memory-host', unit: 'MiB' },
  { title: 'helpers of an app, MiB', measure: 'memory-helpers', unit: 'MiB' },
  { title: '— RSS, MiB', measure: 'memory-helpers-rss', unit: 'MiB' },
  { title: 'disk a deploy, KB', measure: 'disk-bytes', unit: 'KB' },
]

/** Medians of every peer, with the least and the most where there are several samples. */
export function figuresTable(samples: Samples, peers: readonly string[]): string {
  const lines = rows.flatMap((row) => linesOf(row, samples, peers))
  return table([['median', ...peers], ...lines])
}

function linesOf({ title, measure, unit }: Row, samples: Samples, peers: readonly string[]): string[][] {
  const figures = peers.map((peer) => samples.figure(measure, peer))
  const medians = [title, ...figures.map((figure) => (figure ? show(figure.median, unit) : ''))]
  const ranges = ['— least to most', ...figures.map((figure) => rangeOf(figure, unit))]
  return [medians, ranges].filter(([, ...cells]) => cells.some((cell) => cell !== ''))
}

function rangeOf(figure: Figure | undefined, unit: Unit): string {
  return !figure || figure.least === figure.most ? '' : `${show(figure.least, unit)}–${show(figure.most, unit)}`
}

function show(value: number, unit: Unit): string {
  const scaled = value / scales[unit]
  return scaled.toFixed(digits(scaled, unit))
}

const scales: Readonly<Record<Unit, number>> = { s: 1, MiB: 2 ** 20, KB: 1000, '': 1 }

function digits(value: number, unit: Unit): number {
  if (unit === '') return 0
  return Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0
}

interface Aim {
  readonly title: string
  readonly measure: Measure
  /** The peer that berth is compared with; absent where the aim is a figure of berth's own. */
  readonly peer?: string
  readonly most: number
  readonly unit: Unit
}

/** What berth should reach, from the job that began it. */
const aims: readonly Aim[] = [
  { title: 'cold deploy', measure: 'cold-seconds', peer: 'docker run', most: 0.5, unit: 's' },
  { title: 'nothing changed', measure: 'same-seconds', peer: 'compose', most: 1, unit: 's' },
  { title: 'one line changed, live', measure: 'line-live', peer: 'kamal-proxy', most: 0.6, unit: 's' },
  { title: 'requests lost meanwhile, the worst run', measure: 'line-lost', most: 0, unit: '' },
  { title: 'start to the first answer', measure: 'start-seconds', peer: 'docker run', most: 1 / 3, unit: 's' },
  { title: 'daemon and front, idle', measure: 'memory-host-rss', most: 110 * 2 ** 20, unit: 'MiB' },
  { title: 'helpers of one application', measure: 'memory-helpers', most: 2 * 2 ** 20, unit: 'MiB' },
  { title: 'disk of a one-line deploy', measure: 'disk-bytes', most: 50_000, unit: 'KB' },
]

/** Aims beside what was reached. */
export function aimsTable(samples: Samples): string {
  return table([
    ['aim', 'berth', 'peer', 'ratio', 'at most', ''],
    ...aims.flatMap((aim) => aimLine(aim, samples) ?? []),
  ])
}

function aimLine({ title, measure, peer, most, unit }: Aim, samples: Samples): string[][] | undefined {
  const berth = samples.figure(measure, 'berth')
  if (!berth) return undefined
  const other = peer === undefined ? undefined : samples.figure(measure, peer)
  if (peer !== undefined && !other) return undefined
  const own = measure === 'line-lost' ? berth.most : berth.median
  const reached = other ? own / other.median : own
  const ofPeer = other && peer !== undefined ? [`${peer} ${show(other.median, unit)} s`, reached.toFixed(2)] : ['', '']
  const limit = other ? most.toFixed(2) : `${show(most, unit)} ${unit}`.trim()
  return [[title, `${show(own, unit)} ${unit}`.trim(), ...ofPeer, limit, reached <= most ? 'met' : 'not met']]
}

/** A table of Markdown with columns of even width; the first line is its head. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(3, ...lines.map((line) => (line[column] ?? '').length)))
  const draw = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = lines
  return [draw(head), draw(widths.map((width) => '-'.repeat(width))), ...body.map(draw)].join('\n')
}
