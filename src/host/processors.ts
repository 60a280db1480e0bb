import { readText } from './files.ts'

/** The processors that this process may run on, as in `0-3,5`, and whether these are all that the host has. */
export async function allowedProcessors(): Promise<{ readonly allowed: string; readonly isAll: boolean }> {
  const [status, online] = await Promise.all([
    readText('/proc/self/status'),
    readText('/sys/devices/system/cpu/online'), // not there in some containers
  ])
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status ?? '')?.[1] ?? ''
  return { allowed, isAll: allowed === '' || online === undefined || online.trim() === allowed }
}

/** One processor of a list such as `0-3,5`. */
export function firstOf(processors: string): string {
  return /^\d+/.exec(processors)?.[0] ?? '0'
}

/** How many there are in such a list. */
export function countOf(processors: string): number {
  return processors.split(',').reduce((count, range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return count + to - from + 1
  }, 0)
}

/** Each of such a list by its number. */
export function numbersOf(processors: string): number[] {
  return processors.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map((part) => Number.parseInt(part, 10))
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}
