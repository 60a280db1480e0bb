import type { Glob, GlobToken } from './glob.ts'
import { TextFault } from './text-fault.ts'

/** Patterns of paths, as Go's filepath.Match reads them: `*` and `?` stop at slashes, `[a-z]`, `\` escapes. */

export const anyOne: GlobToken = { kind: 'one', except: '/' }
export const anyMany: GlobToken = { kind: 'many', except: '/' }

/** @throws TextFault for a pattern that is none. */
export function pathGlob(pattern: string): Glob {
  const tokens: GlobToken[] = []
  const characters = Array.from(pattern)
  for (let at = 0; at < characters.length;) {
    const { token, end } = readToken(characters, at)
    tokens.push(token)
    at = end
  }
  return tokens
}

interface Read {
  readonly token: GlobToken
  readonly end: number
}

/** Reads one token; `*` is any number of characters, whatever follows it. */
export function readToken(characters: readonly string[], at: number): Read {
  const character = characters[at] ?? ''
  if (character === '*') return { token: anyMany, end: at + 1 }
  if (character === '?') return { token: anyOne, end: at + 1 }
  if (character === '[') return readClass(characters, at)
  if (character !== '\\') return { token: { kind: 'literal', text: character }, end: at + 1 }
  const escaped = characters[at + 1]
  if (escaped === undefined) throw invalid('ends with an escape character')
  return { token: { kind: 'literal', text: escaped }, end: at + 2 }
}

function readClass(characters: readonly string[], start: number): Read {
  const negated = characters[start + 1] === '^'
  const ranges: [string, string][] = []
  let at = start + (negated ? 2 : 1)
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = readMember(characters, at)
    const isRange = characters[low.end] === '-'
    const high = isRange ? readMember(characters, low.end + 1) : low
    ranges.push([low.text, high.text])
    at = high.end
  }
  return { token: { kind: 'class', negated, ranges }, end: at + 1 }
}

function readMember(characters: readonly string[], at: number): { text: string; end: number } {
  const isEscaped = characters[at] === '\\'
  const text = characters[isEscaped ? at + 1 : at]
  if (text === undefined) throw invalid('has a `[` without its `]`')
  if (!isEscaped && (text === '-' || text === ']')) throw invalid('has a set of characters that is none')
  return { text, end: at + (isEscaped ? 2 : 1) }
}

/** Whether a path has to be matched, as opposed to being a name like any. */
export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, ''))
}

function invalid(reason: string): TextFault {
  return new TextFault('source', {
    message: `the pattern ${reason}`,
    fix: 'Put special characters into brackets: `[[]`',
  })
}
