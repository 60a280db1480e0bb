import { nearest } from '../../../model/nearest.ts'
import type { EscapeCharacter } from './directives.ts'
import type { Instruction, InstructionContent } from './instruction.ts'
import { splitInstruction, type InstructionLine } from './instruction-line.ts'
import type { ParsedLine } from './lines.ts'
import { readCopy } from './read-copy.ts'
import { readFrom } from './read-from.ts'
import { readHealthcheck } from './read-healthcheck.ts'
import { readOnbuild } from './read-onbuild.ts'
import { readRun } from './read-run.ts'
import * as settings from './read-settings.ts'
import type { Reading } from './reading.ts'
import { TextFault } from './text-fault.ts'

const readers: Readonly<Record<string, (reading: Reading) => InstructionContent>> = {
  add: readCopy,
  arg: settings.readArg,
  cmd: settings.readCommand,
  copy: readCopy,
  entrypoint: settings.readCommand,
  env: settings.readPairs,
  expose: settings.readList,
  from: readFrom,
  healthcheck: readHealthcheck,
  label: settings.readPairs,
  maintainer: settings.readText,
  onbuild: readOnbuild,
  run: readRun,
  shell: settings.readShell,
  stopsignal: settings.readText,
  user: settings.readText,
  volume: settings.readList,
  workdir: settings.readText,
}

/**
 * Reads one instruction.
 * @throws TextFault
 */
export function readInstruction(line: ParsedLine, escape: EscapeCharacter): Instruction {
  const split = splitInstruction({ text: line.text, offset: 0 }, escape)
  const read = Object.hasOwn(readers, split.keyword) ? readers[split.keyword] : undefined
  if (!read) throw unknownInstruction(split)
  const { text, pieces, endLine } = line
  return {
    ...read({ ...split, line, escape }),
    line: { text, pieces, line: line.line, endLine },
    comments: line.comments,
    isTrigger: false,
  }
}

function unknownInstruction({ name }: InstructionLine): TextFault {
  if (name.text === '') {
    return new TextFault('syntax', { message: 'an instruction ends before it begins', fix: 'Remove the line' })
  }
  const meant = nearest(name.text, Object.keys(readers))?.toUpperCase()
  return new TextFault('instruction', {
    message: `there is no instruction ${name.text}`,
    fix:
      meant === undefined
        ? 'If the line belongs to the one before it, end that one with `\\`'
        : `Did you mean \`${meant}\`? If the line belongs to the one before it, end that one with \`\\\``,
    offset: name.offset,
  })
}
