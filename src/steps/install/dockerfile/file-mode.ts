import { TextFault } from './text-fault.ts'

/** What `--chmod` does to one file: octal digits replace the mode, clauses such as `u=rwX,go-w` change it. */
export type ModeChange = { readonly kind: 'octal'; readonly mode: number } | SymbolicChange

interface SymbolicChange {
  readonly kind: 'symbolic'
  readonly clauses: readonly Clause[]
}

interface Clause {
  /** Bits that the clause may touch. */
  readonly who: number
  readonly operator: '+' | '-' | '='
  readonly what: string
}

const whoBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 }
const everybody: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 }

/** @throws TextFault */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,11}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    return { kind: 'octal', mode: Number.parseInt(text, 8) }
  }
  const clauses = text.split(',').flatMap(parseClause)
  return { kind: 'symbolic', clauses }
}

function parseClause(text: string): Clause[] {
  const [, people = '', actions] = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(text) ?? []
  if (actions === undefined) {
    throw new TextFault('value', { message: `\`${text}\` is no mode`, fix: 'Write it as 0755 or u=rwX,go=rX' })
  }
  const who = Array.from(people || 'a').reduce((bits, one) => bits | (whoBits[one] ?? 0), 0)
  return [...actions.matchAll(/([-+=])([^-+=]*)/g)].map(([, operator, what = '']) => ({
    who,
    operator: operator as Clause['operator'],
    what,
  }))
}

/** The mode of a file or directory after `--chmod`; only its permission bits (0o7777) are looked at. */
export function changedMode(change: ModeChange, mode: number, isDirectory: boolean): number {
  if (change.kind === 'octal') return change.mode
  return change.clauses.reduce((current, clause) => changedBy(clause, current, { before: mode, isDirectory }), mode)
}

function changedBy(
  { who, operator, what }: Clause,
  mode: number,
  file: { readonly before: number; readonly isDirectory: boolean },
): number {
  const bits = Array.from(what).reduce((sum, letter) => sum | bitsOf(letter, mode, file), 0) & who
  if (operator === '+') return mode | bits
  if (operator === '-') return mode & ~bits
  return (mode & ~who) | bits
}

function bitsOf(
  letter: string,
  mode: number,
  { before, isDirectory }: { readonly before: number; readonly isDirectory: boolean },
): number {
  switch (letter) {
    case 'X':
      return isDirectory || (before & 0o111) !== 0 ? 0o111 : 0
    case 'u':
      return copied((mode >> 6) & 7)
    case 'g':
      return copied((mode >> 3) & 7)
    case 'o':
      return copied(mode & 7)
    default:
      return everybody[letter] ?? 0
  }
}

/** The same three bits for everybody. */
function copied(bits: number): number {
  return bits * 0o111
}
