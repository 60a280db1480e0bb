import { nearest } from '../../../model/nearest.ts'
import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'

/** What a flag takes: one value, one value as often as it is there, or a truth that may be left out. */
export type FlagKind = 'value' | 'values' | 'switch'

export interface Flags {
  value(name: string): Word | undefined
  values(name: string): readonly Word[]
  /** @returns undefined when the flag is not there. */
  isOn(name: string): boolean | undefined
}

/**
 * Reads the flags of an instruction.
 * @throws TextFault for an unknown one, for one that is there twice, and for a value that is missing or not a truth.
 */
export function readFlags(words: readonly Word[], known: Readonly<Record<string, FlagKind>>): Flags {
  const found = new Map<string, Word[]>()
  for (const word of words) {
    const [written = ''] = word.text.split('=', 1)
    const name = written.slice(2)
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (!kind) throw unknownFlag(name, word, Object.keys(known))
    const values = found.get(name) ?? []
    if (values.length > 0 && kind !== 'values') {
      throw fault(word, `the flag --${name} is there twice`, 'Remove one of them')
    }
    found.set(name, [...values, valueOf(word, written, kind)])
  }
  return {
    value: (name) => found.get(name)?.[0],
    values: (name) => found.get(name) ?? [],
    isOn: (name) => (found.has(name) ? found.get(name)?.[0]?.text === 'true' : undefined),
  }
}

function valueOf(word: Word, written: string, kind: FlagKind): Word {
  const isGiven = word.text.length > written.length
  const value = { text: word.text.slice(written.length + 1), offset: word.offset + written.length + 1 }
  if (kind !== 'switch') {
    if (!isGiven) throw fault(word, `the flag ${written} has no value`, `Write \`${written}=…\``)
    return value
  }
  const truth = isGiven ? value.text.toLowerCase() : 'true'
  if (truth !== 'true' && truth !== 'false') {
    throw fault(word, `the flag ${written} is true or false, not \`${value.text}\``, `Write \`${written}\` alone`)
  }
  return { ...value, text: truth }
}

function unknownFlag(name: string, { offset }: Word, known: readonly string[]): TextFault {
  const meant = nearest(name, known)
  const all = known.length > 0 ? `It knows ${known.map((one) => `--${one}`).join(', ')}` : 'It has no flags'
  return new TextFault('flag', {
    message: `this instruction has no flag --${name}`,
    fix: meant === undefined ? `${all}; remove it, or put \`--\` before it` : `Did you mean \`--${meant}\`?`,
    offset,
  })
}

function fault({ offset }: Word, message: string, fix: string): TextFault {
  return new TextFault('flag', { message, fix, offset })
}
