import type { Origin } from './action.ts'
import { expandWord, noVariables } from './expand.ts'
import { parseImageReference } from './image-reference.ts'
import type { Instruction } from './instruction.ts'
import { mountOrigin } from './mount.ts'
import type { Stage } from './plan-data.ts'
import type { Word } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'

/** What origins are looked up in. */
export interface OriginContext {
  readonly stages: readonly Stage[]
  readonly platform: string
}

/** The origins that an instruction names, which have to be there before it can be carried out. */
export function originsOf(instruction: Instruction, context: OriginContext): Origin[] {
  if (instruction.kind === 'copy' && instruction.from) return [copyOrigin(instruction.from, context)]
  if (instruction.kind !== 'run') return []
  return instruction.mounts.flatMap((mount) => {
    const word = mountOrigin(mount)
    return word ? [shifted(word.offset, () => namedOrigin(word.text, context))] : []
  })
}

/**
 * What `COPY --from` names: a stage by name or number, or an image.
 * @throws TextFault
 */
export function copyOrigin({ text, offset }: Word, context: OriginContext): Origin {
  return shifted(offset, () => {
    if (expandWord(text, noVariables, { escape: '\\' }).text !== text) {
      throw new TextFault('variable', {
        message: '`--from` cannot be a variable',
        fix: 'Write `FROM $… AS name` above, and `--from=name` here',
      })
    }
    if (!/^\d+$/.test(text)) return namedOrigin(text, context)
    const stage = context.stages[Number(text)]
    if (stage) return { kind: 'stage', index: stage.index }
    throw new TextFault('stage', {
      message: `there is no stage number ${text}`,
      fix: `Stages count from 0, and there are ${context.stages.length}; better name them with \`AS\``,
    })
  })
}

/** A stage by name, in any case, wherever it is; else an image. */
export function namedOrigin(name: string, { stages, platform }: OriginContext): Origin {
  const stage = stages.findLast((one) => one.name === name.toLowerCase())
  if (stage) return { kind: 'stage', index: stage.index }
  if (name === 'scratch') return { kind: 'scratch' }
  parseImageReference(name)
  return { kind: 'image', reference: name, platform }
}
