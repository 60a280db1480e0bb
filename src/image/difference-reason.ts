import type { EntryDifference } from './layer-entry.ts'

/**
 * Why two builds came to different content, as far as that shows. A guess that is wrong costs an evening, so each is
 * only made when it accounts for every difference.
 */

/** What makes builds differ; `unknown` when no known cause accounts for all of it. */
export type Cause =
  'time' | 'random' | 'time and random' | 'order' | 'path' | 'processors' | 'mode' | 'owner' | 'link' | 'unknown'

/** What is known of the two builds. */
export interface Builds {
  /** How many processors each of them had. */
  readonly processors: readonly [number, number]
}

/** Bytes; of larger files only this much is looked at by the caller. */
export const largestCompared = 4 * 1024 ** 2

/** @param contents Of a changed file, before and after; undefined when it was not read. */
export function causeOf(
  { aspects, change }: EntryDifference,
  contents?: readonly [Buffer, Buffer],
  builds?: Builds,
): Cause {
  if (change !== 'changed') return 'unknown'
  if (aspects.includes('content')) return contents ? causeOfContent(contents, builds) : 'unknown'
  if (aspects.includes('link')) return 'link'
  if (aspects.includes('mode')) return 'mode'
  if (aspects.includes('owner')) return 'owner'
  return aspects.includes('time') ? 'time' : 'unknown'
}

export function causeOfContent([one, other]: readonly [Buffer, Buffer], builds?: Builds): Cause {
  const [first, second] = [one, other].map((bytes) => bytes.toString('latin1'))
  if (first === undefined || second === undefined) return 'unknown'
  const same = (change: (text: string) => string) => change(first) === change(second)
  if (same(withoutTimes)) return 'time'
  if (same(withoutPaths)) return 'path'
  if (same(sortedLines) || same(sortedWords)) return 'order'
  if (builds && isCount(first, second, builds.processors)) return 'processors'
  if (same((text) => withoutRandom(withoutTimes(text)))) return same(timesIn) ? 'random' : 'time and random'
  return isTimeInHeader(one, other) ? 'time' : 'unknown'
}

/** In words, for people. */
export const causeWords: Readonly<Record<Cause, string>> = {
  time: 'it holds the time of the build',
  random: 'it holds something random',
  'time and random': 'it holds the time of the build and something random',
  order: 'the same, in another order',
  path: 'it holds the path of where it was built',
  processors: 'it holds the number of processors',
  mode: 'its mode is left to chance',
  owner: 'its owner is left to chance',
  link: 'it points elsewhere',
  unknown: 'no known cause',
}

/** Why a file differs that belongs to a database which a package made when it was installed. */
export function databaseOf(path: string, differing: ReadonlySet<string>): string | undefined {
  const control = [...differing].find((other) => {
    return other.endsWith(postgresControl) && path.startsWith(other.slice(0, -postgresControl.length))
  })
  if (control === undefined) return undefined
  return 'of a PostgreSQL cluster, each of which has an identifier of its own: make it in [initialise], not in the image'
}
const postgresControl = 'global/pg_control'

const times = [
  // ISO 8601 and its relatives: 2026-11-23T13:23:35.123Z
  /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?/g,
  // Mon Nov 23 13:23:35 2026, 23 Nov 2026, Nov 23 2026
  /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}(?: \d{2}:\d{2}(?::\d{2})?)?(?: [A-Z]{3,4})?(?: \d{4})?/g,
  /\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{4}/g,
  /\b\d{1,2}:\d{2}:\d{2}(?:\.\d+)?/g,
  // Seconds, or thousandths, millionths and so on of them, since 1970: 2001 to 2286.
  /(?<![\w.])[1-9]\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?(?![\w])/g,
]

function withoutTimes(text: string): string {
  return times.reduce((rest, pattern) => rest.replace(pattern, '<time>'), text)
}

function timesIn(text: string): string {
  return times.flatMap((pattern) => text.match(pattern) ?? []).join()
}

const randomness = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\b0\.\d{6,}(?:e-?\d+)?/g,
  /\b[0-9a-f]{8,}\b/gi,
  // Names as mkstemp(3) and tempfile make them.
  /(?<=[-_./])[A-Za-z0-9_]{6,12}(?=[/.'"\s]|$)/g,
  /\b\d{4,}\b/g,
]

function withoutRandom(text: string): string {
  return randomness.reduce((rest, pattern) => rest.replace(pattern, '<random>'), text)
}

/** Absolute paths of temporary places and of homes, whatever they are called. */
function withoutPaths(text: string): string {
  return text.replace(/\/(?:tmp|var|home|root|build|run)\/[\w.@+/-]+/g, '<path>')
}

/** Whether the only numbers that differ are these two. */
function isCount(one: string, other: string, [before, after]: readonly [number, number]): boolean {
  const without = (text: string, count: number) =>
    text.replaceAll(/\d+/g, (digits) => (digits === String(count) ? '#' : digits))
  return before !== after && without(one, before) === without(other, after)
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n')
}

function sortedWords(text: string): string {
  return text
    .split(/[\s,;:{}[\]()'"]+/)
    .sort()
    .join(' ')
}

/** Archives and byte-code have the time as four bytes in a header: gzip at 4, byte-code at 4 or 8. */
function isTimeInHeader(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length || one.length < 16) return false
  const isGzip = one.readUInt16BE(0) === 0x1f8b
  const isByteCode = one.readUInt16LE(2) === 0x0a0d
  const [from, to] = isGzip ? [4, 8] : isByteCode ? [4, 12] : [0, 0]
  return to > 0 && one.subarray(0, from).equals(other.subarray(0, from)) && one.subarray(to).equals(other.subarray(to))
}
