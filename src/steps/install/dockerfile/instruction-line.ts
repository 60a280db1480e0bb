import type { EscapeCharacter } from './directives.ts'
import type { Word } from './source.ts'
import { isSpace, trimmed } from './words.ts'

/** A line, split into what every instruction has. */
export interface InstructionLine {
  /** In lower case; empty when the line is. */
  readonly keyword: string
  readonly name: Word
  /** `--name` or `--name=value`, without quotes and escapes. */
  readonly flags: readonly Word[]
  readonly rest: Word
}

/** Splits a line into keyword, flags and the rest. */
export function splitInstruction(line: Word, escape: EscapeCharacter): InstructionLine {
  const { text, offset } = trimmed(line)
  const [keyword = ''] = /^[^\t\v\f\r ]*/.exec(text) ?? []
  const { flags, end } = readFlags(text, keyword.length, escape)
  return {
    keyword: keyword.toLowerCase(),
    name: { text: keyword, offset },
    flags: flags.map((flag) => ({ text: flag.text, offset: flag.offset + offset })),
    rest: trimmed({ text: text.slice(end), offset: offset + end }),
  }
}

/** Reads words as long as they begin with `--`; a bare `--` ends them. */
function readFlags(text: string, start: number, escape: EscapeCharacter): { flags: Word[]; end: number } {
  const flags: Word[] = []
  let at = start
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1
    if (!text.startsWith('--', at)) return { flags, end: at }
    const { word, end } = readFlag(text, at, escape)
    if (word === '--') return { flags, end }
    flags.push({ text: word, offset: at })
    at = end
  }
}

function readFlag(text: string, start: number, escape: EscapeCharacter): { word: string; end: number } {
  let word = ''
  let quote = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (quote === '' && isSpace(character)) break
    if (character === escape) word += text.charAt((at += 1))
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
    else word += character
  }
  return { word, end: Math.min(at, text.length) }
}
