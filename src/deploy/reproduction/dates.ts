import { join } from 'node:path'
import { readChunks } from '../../host/hashing-file.ts'
import { listTree } from '../../host/tree.ts'
import type { Emit } from '../../model/events.ts'
import type { Digest } from '../../model/names.ts'
import type { Stored } from './differences.ts'

/**
 * Looks for the date of a build in what it made. Two builds on one day that write it down come out the same, so that
 * comparing them does not show it.
 */

const mostDates = 5

/**
 * Tells of files that hold today's date: they come out differently tomorrow. Packages and sources that are of today may
 * well hold it.
 * @param time The lock's: what is built with it may hold that day's date.
 */
export async function warnOfDates(
  { store, image }: Stored,
  { titles, time }: { readonly titles: ReadonlyMap<Digest, string>; readonly time: number },
  emit: Emit,
): Promise<void> {
  const dates = writtenDates(new Date())
  if (writtenDates(new Date(time * 1000))[0] === dates[0]) return
  for (const [index, directory] of (await store.layerDirectories(image)).entries()) {
    const title = titles.get(image.layers[index] ?? image.digest) ?? `layer ${index + 1}`
    if (title === 'source') continue
    for (const path of await filesHolding(directory, dates, mostDates)) {
      emit({
        kind: 'notice',
        message: `${title}: ${path} holds today's date: look whether it comes out the same tomorrow`,
      })
    }
  }
}

/** How a day is written, in UTC: what programs print without being asked for anything else. */
export function writtenDates(day: Date): string[] {
  const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()]
  const [mm, dd] = [month, date].map((number) => String(number).padStart(2, '0'))
  const name = months[month - 1] ?? ''
  return [
    `${year}-${mm}-${dd}`,
    `${year}/${mm}/${dd}`,
    `${mm}/${dd}/${year}`,
    `${dd}/${mm}/${year}`,
    `${dd}.${mm}.${year}`,
    `${name} ${String(date).padStart(2)} ${year}`, // __DATE__ of C
    `${date} ${name} ${year}`,
    `${name} ${date}, ${year}`,
  ]
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Files of a layer that hold one of the texts, by path. */
export async function filesHolding(directory: string, texts: readonly string[], most: number): Promise<string[]> {
  const needles = texts.map((text) => Buffer.from(text))
  const found: string[] = []
  for (const { path, stats } of await listTree(directory)) {
    if (stats.isFile() && (await holds(join(directory, path), needles))) found.push(path)
    if (found.length === most) break
  }
  return found
}

async function holds(path: string, needles: readonly Buffer[]): Promise<boolean> {
  const overlap = Math.max(...needles.map(({ length }) => length)) - 1
  let tail: Buffer = Buffer.alloc(0)
  for await (const chunk of readChunks(path)) {
    const text = Buffer.concat([tail, chunk])
    if (needles.some((needle) => text.includes(needle))) return true
    tail = text.subarray(-overlap)
  }
  return false
}
