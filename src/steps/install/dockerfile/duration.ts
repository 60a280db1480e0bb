import { TextFault } from './text-fault.ts'

/** Nanoseconds in the units of Go's time.ParseDuration. */
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/**
 * Reads a duration such as `30s`, `1m30s` or `1.5h`.
 * @returns nanoseconds; negative when it begins with a minus.
 * @throws TextFault
 */
export function parseDuration(text: string): number {
  const [, sign, rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? []
  if (rest === '0') return 0
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)]
  const length = parts.reduce((sum, [part]) => sum + part.length, 0)
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0)
  if (rest === '' || length !== rest.length || total > 9.2e18) {
    throw new TextFault('value', { message: `\`${text}\` is no duration`, fix: 'Write it as 30s, 5m or 1h30m' })
  }
  return Math.trunc(total) * (sign === '-' ? -1 : 1)
}
