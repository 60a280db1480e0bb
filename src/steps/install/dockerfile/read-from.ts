import type { FromInstruction } from './instruction.ts'
import { readFlags } from './read-flags.ts'
import type { Reading } from './reading.ts'
import { TextFault } from './text-fault.ts'
import { plainWords } from './words.ts'

/** `FROM [--platform=…] image [AS name]` */
export function readFrom({ flags, rest, name: keyword }: Reading): FromInstruction {
  const platform = readFlags(flags, { platform: 'value' }).value('platform')
  const [base, as, name, ...others] = plainWords(rest)
  if (!base || others.length > 0 || (as && (as.text.toLowerCase() !== 'as' || !name))) {
    throw new TextFault('syntax', {
      message: 'FROM takes an image, or an image, AS and a name',
      fix: 'Write `FROM image` or `FROM image AS name`',
      offset: others[0]?.offset ?? as?.offset ?? keyword.offset,
    })
  }
  const stage = name?.text.toLowerCase()
  if (name && stage !== undefined && !/^[a-z][a-z0-9\-_.]*$/.test(stage)) {
    throw new TextFault('stage', {
      message: `\`${name.text}\` cannot be the name of a stage`,
      fix: 'Begin it with a letter, and go on with letters, digits, `-`, `_` and `.`',
      offset: name.offset,
    })
  }
  return {
    kind: 'from',
    base,
    ...(stage !== undefined && { name: stage }),
    ...(platform && platform.text !== '' && { platform }),
  }
}
