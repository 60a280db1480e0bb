import { matchLengths, type GlobToken } from './glob.ts'
import { TextFault } from './text-fault.ts'

/** Patterns of `${name#pattern}` and its kin: `*`, `?`, and escapes of them. */

/** Neither goes over the end of a line, as in BuildKit. */
const any = { one: { kind: 'one', except: '\n' }, many: { kind: 'many', except: '\n' } } as const

/** Takes a matching beginning away, the longest or the shortest there is. */
export function withoutPrefix(value: string, pattern: string, longest: boolean): string {
  const characters = Array.from(value)
  return characters.slice(chosenLength(tokensOf(pattern), characters, longest)).join('')
}

/** Takes a matching end away: the same, read backwards. */
export function withoutSuffix(value: string, pattern: string, longest: boolean): string {
  const characters = Array.from(value).reverse()
  const length = chosenLength(tokensOf(pattern).reverse(), characters, longest)
  return characters.slice(length).reverse().join('')
}

function chosenLength(tokens: readonly GlobToken[], characters: readonly string[], longest: boolean): number {
  const lengths = matchLengths(tokens, characters)
  return lengths.at(longest ? -1 : 0) ?? 0
}

/** Characters of the value, times their number when there is a star, times those of the pattern. */
const tooMuchWork = 20_000_000

/** Puts a text in the place of the first match, or of all. Each match is as long as it can be. */
export function replaced(value: string, pattern: string, { text, all }: { text: string; all: boolean }): string {
  const characters = Array.from(value)
  const tokens = tokensOf(pattern)
  const hasStar = tokens.some(({ kind }) => kind === 'many')
  if (characters.length * (hasStar ? characters.length : 1) * tokens.length > tooMuchWork) {
    throw new TextFault('variable', { message: 'the value is too long for that pattern', fix: 'Shorten one of them' })
  }
  let result = ''
  let end = 0
  for (let at = 0; at <= characters.length; at += 1) {
    const length = matchLengths(tokens, characters, at).at(-1)
    const isMatch = length !== undefined && at >= end && (length > 0 || at === 0 || at > end)
    if (isMatch) [result, end] = [result + text, at + length]
    if (at >= end) result += characters[at] ?? ''
    if (isMatch && !all) return result + characters.slice(Math.max(at + 1, end)).join('')
  }
  return result
}

function tokensOf(pattern: string): GlobToken[] {
  const tokens: GlobToken[] = []
  const characters = Array.from(pattern)
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (character === '*') tokens.push(any.many)
    else if (character === '?') tokens.push(any.one)
    else if (character !== '\\') tokens.push({ kind: 'literal', text: character })
    else tokens.push({ kind: 'literal', text: escaped(characters[(at += 1)]) })
  }
  return tokens
}

/** `}` and `/` are escaped because they would end the pattern, the others because they would mean something in it. */
function escaped(character: string | undefined): string {
  if (character !== undefined && '}/*?\\'.includes(character)) return character
  throw new TextFault('variable', {
    message: `\`\\${character ?? ''}\` cannot stand in a pattern`,
    fix: 'Escape only `*`, `?`, `\\`, `/` and `}` there',
  })
}
