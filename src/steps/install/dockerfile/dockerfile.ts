import type { Directives } from './directives.ts'
import type { FromInstruction, Instruction } from './instruction.ts'
import { readLines } from './lines.ts'
import { note, parseChecks, wantedNotes, type Checks, type Note } from './notes.ts'
import { readInstruction } from './read-instruction.ts'
import { reported, type LogicalLine, type SourceFile } from './source.ts'
import { TextFault } from './text-fault.ts'

/** A Dockerfile, read and split into stages, with nothing evaluated. Plain data. */
export interface Dockerfile {
  readonly source: SourceFile
  readonly directives: Directives
  readonly checks: Checks
  /** `ARG` before the first `FROM`. */
  readonly globals: readonly Instruction[]
  readonly stages: readonly WrittenStage[]
  readonly notes: readonly Note[]
}

export interface WrittenStage {
  readonly from: Instruction & FromInstruction
  readonly instructions: readonly Instruction[]
}

/**
 * Reads a Dockerfile.
 * @throws Problem of `src/model/problems/dockerfile.ts`
 */
export function parseDockerfile(source: SourceFile): Dockerfile {
  const { lines, directives, notes } = readLines(source)
  const checks = reported(source, lineAt(directives.check?.line), () => parseChecks(directives.check?.value))
  const instructions = lines.map((line) => reported(source, line, () => readInstruction(line, directives.escape)))
  const first = instructions.findIndex(({ kind }) => kind === 'from')
  const globals = first < 0 ? instructions : instructions.slice(0, first)
  for (const instruction of globals) reported(source, instruction.line, () => mustBeGlobal(instruction))
  if (first < 0) refuseWithoutStage(source)
  const stages = splitStages(instructions.slice(first))
  const found = [...syntaxNotes(directives), ...notes, ...instructions.flatMap(notesOf)]
  return { source, directives, checks, globals, stages, notes: wantedNotes(found, checks) }
}

function splitStages(instructions: readonly Instruction[]): WrittenStage[] {
  const stages: { from: Instruction & FromInstruction; instructions: Instruction[] }[] = []
  for (const instruction of instructions) {
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] })
    else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

function mustBeGlobal({ kind }: Instruction): void {
  if (kind === 'arg') return
  throw new TextFault('stage', {
    message: `${kind.toUpperCase()} stands before the first FROM, where only ARG can`,
    fix: 'Begin with `FROM image`',
  })
}

function lineAt(line = 1): LogicalLine {
  return { text: '', pieces: [], line, endLine: line }
}

function refuseWithoutStage(source: SourceFile): void {
  reported(source, lineAt(1), () => {
    throw new TextFault('stage', { message: 'it has no FROM', fix: 'Begin with `FROM image`' })
  })
}

function syntaxNotes({ syntax }: Directives): Note[] {
  // What half of all Dockerfiles begin with, and what is understood here.
  if (!syntax || /^(docker\.io\/)?docker\/dockerfile(:|$)/.test(syntax.value)) return []
  return [note('Syntax', syntax.line, `berth reads the language itself; \`${syntax.value}\` is not fetched`)]
}

function notesOf(instruction: Instruction): Note[] {
  const { kind, line, comments } = instruction
  const found: Note[] = []
  if (kind === 'maintainer') {
    found.push(note('MaintainerDeprecated', line.line, 'MAINTAINER is deprecated; write `LABEL maintainer=…`'))
  }
  if ((kind === 'env' || kind === 'label') && instruction.pairs.some(({ isLegacy }) => isLegacy)) {
    const name = kind.toUpperCase()
    found.push(note('LegacyKeyValueFormat', line.line, `\`${name} name=value\` is clearer than \`${name} name value\``))
  }
  const command = kind === 'run' || kind === 'cmd' || kind === 'entrypoint' ? instruction.command : undefined
  if (command?.form === 'shell' && /^\[.*['"].*\]$/s.test(command.text) && !/^\[\[? /.test(command.text)) {
    found.push(note('JSONFormBroken', line.line, 'This looks like the JSON form, but is not JSON: the shell gets it'))
  }
  return wantedNotes(found, { skip: [], fails: false }, comments)
}
