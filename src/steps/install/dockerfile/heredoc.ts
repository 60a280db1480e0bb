import type { EscapeCharacter } from './directives.ts'
import { expandWords, noVariables } from './expand.ts'
import { splitInstruction, type InstructionLine } from './instruction-line.ts'
import { TextFault } from './text-fault.ts'
import { jsonWords } from './words.ts'

/** `<<EOF`: text that follows an instruction, up to a line that is only `EOF`. */
export interface Heredoc {
  readonly name: string
  /** Whether variables in the content are put in: no part of the name is quoted. */
  readonly expand: boolean
  /** `<<-`: tabs at the beginning of lines go. */
  readonly chomp: boolean
  /** As it stands in the file, with every line's end. */
  readonly content: string
}

export type HeredocStart = Omit<Heredoc, 'content'>

const takers = ['run', 'copy', 'add']

/** Here-documents that a line begins, in their order. */
export function heredocsOf(line: InstructionLine, escape: EscapeCharacter): HeredocStart[] {
  const inner = line.keyword === 'onbuild' ? splitInstruction(line.rest, escape) : line
  const { keyword, rest } = inner
  if (!takers.includes(keyword) || !rest.text.includes('<<') || jsonWords(rest)) return []
  return rawWords(rest.text).flatMap((word) => heredocStart(word) ?? [])
}

/** Words as a shell would see them, quotes kept; none when they are no shell words, as a lone quote makes them. */
function rawWords(text: string): string[] {
  try {
    return expandWords(text, noVariables, {
      ...{ escape: '\\', quotes: 'keep', escapes: 'keep', unset: 'keep' },
      longest: Infinity,
    })
  } catch (error) {
    if (error instanceof TextFault) return []
    throw error
  }
}

/**
 * Reads a word that begins a here-document.
 * @returns undefined for any other word.
 */
export function heredocStart(word: string): HeredocStart | undefined {
  const match = /^\d*<<(-?)\s*([^<]*)$/.exec(word)
  const [, dash, rest] = match ?? []
  if (rest === undefined || rest === '') return undefined
  const [name, ...others] = expandWords(rest, noVariables, { escape: '\\', unset: 'keep' })
  if (name === undefined || others.length > 0) return undefined
  const [raw = ''] = expandWords(rest, noVariables, { escape: '\\', quotes: 'keep', unset: 'keep' })
  return { name, expand: quotesIn(name) === quotesIn(raw), chomp: dash === '-' }
}

function quotesIn(text: string): number {
  return text.replace(/[^'"]/g, '').length
}

export function withContent(start: HeredocStart, content: string): Heredoc {
  return { ...start, content }
}

/** What a program gets to read: the content, without leading tabs when it was begun with `<<-`. */
export function heredocText({ chomp, content }: Heredoc): string {
  return chomp ? content.replace(/^\t+/gm, '') : content
}
