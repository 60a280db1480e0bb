import { Problem } from '../../../model/problem.ts'
import { dockerfileTrigger } from '../../../model/problems/dockerfile.ts'
import type { Instruction } from './instruction.ts'
import { readLines } from './lines.ts'
import { readInstruction } from './read-instruction.ts'
import { placeOf, reported, type LogicalLine, type SourceFile } from './source.ts'
import { TextFault } from './text-fault.ts'

/** What has instructions that wait for whoever builds on it. */
interface Below {
  readonly instructions: readonly Instruction[]
}

/** The triggers of the stage below, which run right after `FROM`; those of stages further down have run there. */
export function parentTriggers(source: SourceFile, from: LogicalLine, below: Below | undefined): Instruction[] {
  const texts = below?.instructions.flatMap((one) => (one.kind === 'onbuild' ? [one.trigger] : [])) ?? []
  return readTriggers(source, from, texts)
}

/**
 * Reads triggers, of a stage or of an image's configuration. Faults in them are shown at the `FROM` that sets them off.
 * @throws dockerfile-trigger
 */
export function readTriggers(source: SourceFile, from: LogicalLine, texts: readonly string[]): Instruction[] {
  return texts.map((text) => {
    try {
      return readTrigger(text, from.line)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const { fix } = error.text
      const { message } = error.cause instanceof TextFault ? error.cause : error
      throw dockerfileTrigger(
        {
          message: `what the image below does with ONBUILD, \`${excerpt(text)}\`, cannot be done: ${message}`,
          fix,
          ...placeOf(source, { line: from.line, column: 1 }),
        },
        { cause: error },
      )
    }
  })
}

/** A trigger is read by itself, so that directives of the file that sets it off do not change it. */
function readTrigger(text: string, line: number): Instruction {
  const source = { path: 'ONBUILD', text }
  const { lines, directives } = readLines(source)
  const [first] = lines
  const read = reported(source, first ?? { text: '', pieces: [], line: 1, endLine: 1 }, () => {
    if (!first || lines.length > 1) {
      throw new TextFault('trigger', { message: 'it is not one instruction', fix: 'Use another image, or mend it' })
    }
    return readInstruction(first, directives.escape)
  })
  if (read.kind === 'from' || read.kind === 'maintainer' || read.kind === 'onbuild') {
    return reported(source, read.line, () => {
      throw new TextFault('trigger', {
        message: `${read.kind.toUpperCase()} cannot be a trigger`,
        fix: 'Use another image, or mend it',
      })
    })
  }
  // Without pieces, whatever is wrong with it later is shown at the beginning of the FROM.
  return { ...read, line: { text: read.line.text, pieces: [], line, endLine: line }, isTrigger: true }
}

function excerpt(text: string): string {
  const [first = ''] = text.split('\n')
  return first.length > 60 ? `${first.slice(0, 60)}…` : first
}
