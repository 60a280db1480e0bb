import { TextFault } from './text-fault.ts'

const powers: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 }

/**
 * Reads a size such as `64m`, `1.5GiB` or `4096`; units are powers of 1024.
 * @returns bytes
 * @throws TextFault
 */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d*\.?\d+|\d+\.) ?(b|[kmgtp](?:i?b)?)?$/i.exec(text) ?? []
  const power = powers[unit.charAt(0).toLowerCase()]
  if (number !== undefined && power !== undefined && text.length < 40) return Math.trunc(Number(number) * 1024 ** power)
  throw new TextFault('value', { message: `\`${text}\` is no size`, fix: 'Write it as 64m or 1g' })
}
