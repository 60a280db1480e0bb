import type { EscapeCharacter } from './directives.ts'
import type { InstructionLine } from './instruction-line.ts'
import type { ParsedLine } from './lines.ts'

/** What the reader of an instruction gets: the split line, and the line that it comes from. */
export interface Reading extends InstructionLine {
  readonly line: ParsedLine
  readonly escape: EscapeCharacter
}
