/**
 * Patterns as short programs that are run on all possibilities at once, so that no pattern takes more time than its
 * length times that of the text. Regular expressions of JavaScript would take exponential time on hostile ones.
 */
export type Glob = readonly GlobToken[]

export type GlobToken =
  | { readonly kind: 'literal'; readonly text: string }
  /** One character, or any number of them, but for the one that is named; empty for none. */
  | { readonly kind: 'one'; readonly except: string }
  | { readonly kind: 'many'; readonly except: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  /** Nothing, or anything up to a slash: `**` before a name. */
  | { readonly kind: 'directories' }

/**
 * The lengths at which the beginning of a text matches, ascending.
 * @param characters one code point each; lengths count them.
 */
export function matchLengths(glob: Glob, characters: readonly string[]): number[] {
  const lengths: number[] = []
  let states = closure(glob, new Set([0]))
  for (let at = 0; ; at += 1) {
    if (states.has(glob.length)) lengths.push(at)
    const character = characters[at]
    if (character === undefined || states.size === 0) return lengths
    states = closure(glob, step(glob, states, character))
  }
}

/**
 * Makes a check of whole texts. Most texts fail at the literal characters that a pattern begins or ends with, which
 * takes no time; so a tree of many files can be checked against many patterns.
 */
export function globMatcher(glob: Glob): (text: string) => boolean {
  const first = glob.findIndex(({ kind }) => kind !== 'literal')
  const last = glob.findLastIndex(({ kind }) => kind !== 'literal')
  const prefix = literal(first < 0 ? glob : glob.slice(0, first))
  const suffix = literal(glob.slice(last + 1))
  if (first < 0) return (text) => text === prefix
  return (text) => {
    if (text.length < prefix.length || !text.startsWith(prefix) || !text.endsWith(suffix)) return false
    const characters = Array.from(text)
    return matchLengths(glob, characters).at(-1) === characters.length
  }
}

function literal(tokens: Glob): string {
  return tokens.map((token) => (token.kind === 'literal' ? token.text : '')).join('')
}

/** A state is the number of a token that is to be matched next; half a number more is within `directories`. */
function closure(glob: Glob, states: Set<number>): Set<number> {
  for (const state of states) {
    const token = glob[state]
    if (token?.kind === 'many') states.add(state + 1)
    if (token?.kind === 'directories') states.add(state + 1).add(state + 0.5)
  }
  return states
}

function step(glob: Glob, states: ReadonlySet<number>, character: string): Set<number> {
  const next = new Set<number>()
  for (const state of states) {
    if (!Number.isInteger(state)) {
      next.add(state)
      if (character === '/') next.add(Math.ceil(state))
      continue
    }
    const token = glob[state]
    if (!token || !takes(token, character)) continue
    next.add(token.kind === 'many' ? state : state + 1)
  }
  return next
}

function takes(token: GlobToken, character: string): boolean {
  switch (token.kind) {
    case 'literal':
      return token.text === character
    case 'one':
    case 'many':
      return character !== token.except
    case 'class':
      return token.ranges.some(([low, high]) => isBetween(character, low, high)) !== token.negated
    case 'directories':
      return false
  }
}

function isBetween(character: string, low: string, high: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0)
}
