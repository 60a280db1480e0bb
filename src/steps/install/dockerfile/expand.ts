import { Expander, type ExpandOptions, type Lookup } from './expander.ts'
import { isSpace } from './words.ts'

export type { ExpandOptions, Lookup } from './expander.ts'

export const noVariables: Lookup = () => undefined

export interface Expanded {
  readonly text: string
  /** Names of variables that had no value. */
  readonly missing: readonly string[]
}

/**
 * Puts variables into a word, and takes its quotes and escapes away, as BuildKit's shell lexer does.
 * @throws TextFault with the offset of what cannot be understood.
 */
export function expandWord(word: string, lookup: Lookup, options: ExpandOptions): Expanded {
  const expander = new Expander(word, lookup, options)
  const parts = expander.all()
  return { text: parts.map(({ text }) => text).join(''), missing: [...expander.missing] }
}

/** The same, then split at white space that was neither quoted nor escaped. Empty words fall out. */
export function expandWords(text: string, lookup: Lookup, options: ExpandOptions): string[] {
  const words = ['']
  for (const { text: part, fixed } of new Expander(text, lookup, options).all()) {
    for (const character of fixed ? [part] : part) {
      if (!fixed && isSpace(character)) words.push('')
      else words.push((words.pop() ?? '') + character)
    }
  }
  return words.filter((word) => word !== '')
}
