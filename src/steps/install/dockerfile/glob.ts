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
 * The lengths at which what begins at `start` matches, ascending.
 * @param characters one code point each; lengths count them.
 */
export function matchLengths(glob: Glob, characters: readonly string[], start = 0): number[] {
  const lengths: number[] = []
  let states = new States(glob)
  states.add(0)
  for (let at = start; ; at += 1) {
    if (states.has(glob.length)) lengths.push(at - start)
    const character = characters[at]
    if (character === undefined || states.isEmpty) return lengths
    states = states.after(character)
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

/**
 * The tokens that may be matched next, by their number; those after the end of the pattern stand for being in the middle
 * of `directories`.
 */
class States {
  readonly #glob: Glob
  readonly #isIn: Uint8Array
  isEmpty = true

  constructor(glob: Glob) {
    this.#glob = glob
    this.#isIn = new Uint8Array(2 * glob.length + 1)
  }

  has(state: number): boolean {
    return this.#isIn[state] === 1
  }

  /** Adds a state, and those that can be reached from it without a character. */
  add(first: number): void {
    for (let state = first; !this.has(state); state += 1) {
      this.#mark(state)
      const kind = this.#glob[state]?.kind
      if (kind === 'directories') this.#mark(this.#within(state))
      if (kind !== 'many' && kind !== 'directories') return
    }
  }

  after(character: string): States {
    const next = new States(this.#glob)
    this.#glob.forEach((token, state) => {
      if (this.has(state) && takes(token, character)) next.add(token.kind === 'many' ? state : state + 1)
      if (token.kind !== 'directories' || !this.has(this.#within(state))) return
      next.#mark(this.#within(state))
      if (character === '/') next.add(state + 1)
    })
    return next
  }

  #within(state: number): number {
    return this.#glob.length + 1 + state
  }

  #mark(state: number): void {
    this.#isIn[state] = 1
    this.isEmpty = false
  }
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
