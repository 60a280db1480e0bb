import type { InstructionContent } from './instruction.ts'
import { splitInstruction } from './instruction-line.ts'
import { readFlags } from './read-flags.ts'
import type { Reading } from './reading.ts'
import { TextFault } from './text-fault.ts'

const refused = ['onbuild', 'from', 'maintainer']

/** `ONBUILD instruction`: kept as text, with its here-documents, for whoever builds on the image. */
export function readOnbuild({ flags, rest, line, name, escape }: Reading): InstructionContent {
  readFlags(flags, {})
  const { keyword } = splitInstruction(rest, escape)
  if (keyword === '') {
    throw new TextFault('trigger', {
      message: 'ONBUILD needs an instruction',
      fix: 'Write it as `ONBUILD RUN …`',
      offset: name.offset,
    })
  }
  if (refused.includes(keyword)) {
    throw new TextFault('trigger', {
      message: `${keyword.toUpperCase()} cannot wait for another build`,
      fix: keyword === 'onbuild' ? 'Remove one `ONBUILD`' : 'Remove the line',
      offset: rest.offset,
    })
  }
  const documents = line.heredocs.map(({ content, name: end }) => `\n${content}${end}`)
  return { kind: 'onbuild', trigger: rest.text + documents.join('') }
}
