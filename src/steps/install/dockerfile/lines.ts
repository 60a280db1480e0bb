import { DirectiveReader, type Directives, type EscapeCharacter } from './directives.ts'
import { heredocsOf, withContent, type Heredoc } from './heredoc.ts'
import { splitInstruction } from './instruction-line.ts'
import { note, type Note } from './notes.ts'
import { reported, type LogicalLine, type Piece, type SourceFile } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'
import { isSpace, trimEnd } from './words.ts'

/** An instruction's text, with the comments right above it and the here-documents right below. */
export interface ParsedLine extends LogicalLine {
  readonly comments: readonly string[]
  readonly heredocs: readonly Heredoc[]
}

export interface ParsedLines {
  readonly lines: readonly ParsedLine[]
  readonly directives: Directives
  readonly notes: readonly Note[]
}

/** The text in physical lines, each with its end, and which one comes next (from 0). */
interface Cursor {
  readonly source: SourceFile
  readonly physical: readonly string[]
  readonly reader: DirectiveReader
  readonly notes: Note[]
  next: number
}

/**
 * Joins the lines of a Dockerfile into instructions: continuations, comments between them, directives, here-documents.
 * A parser of our own: dockerfile-ast takes here-documents with a descriptor, a space or quotes for instructions, and
 * cuts flags at quoted spaces.
 * @throws dockerfile-syntax
 */
export function readLines(source: SourceFile): ParsedLines {
  const physical = source.text.replace(/^\uFEFF/, ' ').match(/[^\n]*\n|[^\n]+$/g) ?? []
  const cursor: Cursor = { source, physical, reader: new DirectiveReader(), notes: [], next: 0 }
  const lines: ParsedLine[] = []
  let comments: string[] = []
  while (cursor.next < physical.length) {
    const comment = readComment(cursor)
    if (comment === undefined) {
      const line = readInstruction(cursor, comments)
      if (line) [comments] = [[], lines.push(line)]
      if (line && lines.length > mostInstructions) reported(source, line, refuseMore)
    } else if (comment === '') comments = []
    else comments.push(comment)
  }
  return { lines, directives: cursor.reader.directives, notes: cursor.notes }
}

/** No image has as many layers; and every command keeps the variables that it sees. */
const mostInstructions = 4000

function refuseMore(): never {
  throw new TextFault('syntax', {
    message: `it has more than ${mostInstructions} instructions`,
    fix: 'Join commands with `&&`, or put them into a script',
  })
}

/** @returns the text of a comment, empty also for a directive; undefined when the next line is none. */
function readComment(cursor: Cursor): string | undefined {
  const raw = cursor.physical[cursor.next] ?? ''
  const text = raw.trimStart()
  const line = cursor.next + 1
  const start = raw.length - text.length
  const isDirective = reported(
    cursor.source,
    { text: raw, pieces: [{ offset: 0, line, column: 1 }], line, endLine: line },
    () => shifted(start, () => cursor.reader.read(text.trimEnd(), line)),
  )
  if (!text.startsWith('#')) return undefined
  cursor.next += 1
  return isDirective ? '' : text.slice(1).trim()
}

function readInstruction(cursor: Cursor, comments: readonly string[]): ParsedLine | undefined {
  const start = cursor.next + 1
  const joined = joinContinuations(cursor)
  if (!joined) return undefined
  const line = { ...joined, line: start, endLine: cursor.next }
  if (joined.hasGap) {
    cursor.notes.push(note('NoEmptyContinuation', cursor.next, 'An empty line stands within an instruction'))
  }
  const heredocs = reported(cursor.source, line, () => readHeredocs(cursor, line))
  return { text: line.text, pieces: line.pieces, line: start, endLine: cursor.next, comments, heredocs }
}

interface Joined {
  readonly text: string
  readonly pieces: readonly Piece[]
  readonly hasGap: boolean
}

/** Reads one line and those that continue it; comments and empty lines between them fall out. */
function joinContinuations(cursor: Cursor): Joined | undefined {
  const pieces: Piece[] = []
  let text = ''
  let hasGap = false
  let goesOn = true
  for (let isFirst = true; goesOn && cursor.next < cursor.physical.length; isFirst = false) {
    const raw = trimEnd(cursor.physical[cursor.next] ?? '', '\r\n')
    cursor.next += 1
    const start = firstVisible(raw)
    if (start === raw.length && isFirst) return undefined
    if (start === raw.length) hasGap = true
    if (start === raw.length || raw.charAt(start) === '#') continue
    const cut = cutContinuation(isFirst ? raw.slice(start) : raw, cursor.reader.escape)
    pieces.push({ offset: text.length, line: cursor.next, column: isFirst ? start + 1 : 1 })
    text += cut.text
    goesOn = cut.goesOn
  }
  return { text, pieces, hasGap }
}

function firstVisible(text: string): number {
  let at = 0
  while (at < text.length && isSpace(text.charAt(at))) at += 1
  return at
}

/** An escape character at the end goes on in the next line, unless it is itself escaped. */
function cutContinuation(line: string, escape: EscapeCharacter): { text: string; goesOn: boolean } {
  const text = trimEnd(line, ' \t')
  if (!text.endsWith(escape) || text.at(-2) === escape) return { text: line, goesOn: false }
  return { text: text.slice(0, -1), goesOn: true }
}

/** Reads the here-documents that a line begins, one after the other. */
function readHeredocs(cursor: Cursor, line: LogicalLine): Heredoc[] {
  const starts = heredocsOf(
    splitInstruction({ text: line.text, offset: 0 }, cursor.reader.escape),
    cursor.reader.escape,
  )
  return starts.map((start) => {
    const content: string[] = []
    while (cursor.next < cursor.physical.length) {
      const raw = cursor.physical[cursor.next] ?? ''
      cursor.next += 1
      const end = trimEnd(raw, '\r\n')
      if ((start.chomp ? end.replace(/^\t+/, '') : end) === start.name) return withContent(start, content.join(''))
      content.push(raw)
    }
    throw new TextFault('syntax', {
      message: `the here-document \`${start.name}\` has no end`,
      fix: `Write \`${start.name}\` alone on the line after its last`,
      offset: Math.max(0, line.text.indexOf('<<')),
    })
  })
}
