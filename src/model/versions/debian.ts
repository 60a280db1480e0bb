/** Versions of Debian packages (deb-version(7)). */

interface Version {
  readonly epoch: number
  readonly upstream: string
  readonly revision: string
}

/** Orders versions as dpkg does: negative when `one` is the older. */
export function compareDebian(one: string, other: string): number {
  const [left, right] = [parse(one), parse(other)]
  return (
    left.epoch - right.epoch || comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision)
  )
}

/** The number before the colon; 0 where there is none. */
export function epochOf(version: string): number {
  return parse(version).epoch
}

function parse(text: string): Version {
  const [, epoch = '0', rest = ''] = /^(?:([0-9]+):)?([^]*)$/.exec(text.trim()) ?? []
  const dash = rest.lastIndexOf('-')
  const [upstream, revision] = dash < 0 ? [rest, ''] : [rest.slice(0, dash), rest.slice(dash + 1)]
  return { epoch: Number(epoch), upstream, revision }
}

/** Alternately what are no digits, by character, and digits, as numbers; an end counts as neither. */
function comparePart(one: string, other: string): number {
  const [left, right] = [one.match(/\D*\d*/g) ?? [], other.match(/\D*\d*/g) ?? []]
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [leftText, leftNumber] = split(left[index] ?? '')
    const [rightText, rightNumber] = split(right[index] ?? '')
    const difference = compareText(leftText, rightText) || compareNumbers(leftNumber, rightNumber)
    if (difference !== 0) return difference
  }
  return 0
}

function split(piece: string): [text: string, number: bigint] {
  const digits = /\d*$/.exec(piece)?.[0] ?? ''
  return [piece.slice(0, piece.length - digits.length), BigInt(digits || 0)]
}

function compareText(one: string, other: string): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const difference = weight(one[index]) - weight(other[index])
    if (difference !== 0) return difference
  }
  return 0
}

/** A tilde comes before the end, the end before letters, letters before everything else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}

function compareNumbers(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}
