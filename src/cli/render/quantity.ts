import type { ProgressUnit } from '../../model/events.ts'

/** `812 B`, `1.5 MB`: decimal units, three figures. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

/** `512 MiB`: binary units, as limits of memory are written in a manifest. */
export function formatMemory(bytes: number): string {
  const [unit, name] = bytes >= 1024 ** 3 ? [1024 ** 3, 'GiB'] : [1024 ** 2, 'MiB']
  return `${Number((bytes / unit).toFixed(1))} ${name}`
}

/** `0.3 s`, `42 s`, `3 min 5 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 120) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `3 of 12 packages`, `1.5 of 40 MB`. */
export function formatProgress(done: number, total: number | undefined, unit: ProgressUnit): string {
  if (unit === 'bytes') {
    return total === undefined ? formatBytes(done) : `${formatBytes(Math.min(done, total))} of ${formatBytes(total)}`
  }
  const word = unit === 'seconds' ? 's' : unit
  return total === undefined ? `${Math.round(done)} ${word}` : `${Math.round(done)} of ${Math.round(total)} ${word}`
}

/** How long ago a moment was: `42 s`, `3 d 4 h`. */
export function formatAge(moment: string, now: Date): string {
  return formatSeconds(Math.max(0, Math.round((now.getTime() - Date.parse(moment)) / 1000)))
}
