import { nearest } from '../../../model/nearest.ts'
import type { MountKind } from './action.ts'
import { parseSize } from './size.ts'
import type { Word } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'

/** The options of one `--mount`, checked against its kind; empty texts for those that are not there. */
export interface MountOptions {
  readonly kind: MountKind
  readonly from: string
  readonly source: string
  readonly target: string
  readonly id: string
  readonly env?: string
  readonly sharing?: 'shared' | 'private' | 'locked'
  readonly writable: boolean
  readonly required: boolean
  /** Bytes; 0 for no limit of its own. */
  readonly size: number
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

const kinds: readonly MountKind[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh']
const sharings = ['shared', 'private', 'locked'] as const

/** Other names of options. */
const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
}

/** Which kinds of mount have an option; those that are not listed have all. */
const belongsTo: Readonly<Record<string, readonly MountKind[]>> = {
  required: ['secret', 'ssh'],
  size: ['tmpfs'],
  sharing: ['cache'],
  mode: ['secret', 'ssh', 'cache'],
  uid: ['secret', 'ssh', 'cache'],
  gid: ['secret', 'ssh', 'cache'],
}

const names = ['type', 'from', 'source', 'target', 'readonly', 'readwrite', 'id', 'env', ...Object.keys(belongsTo)]
const flags = ['readonly', 'readwrite', 'required']

/** @throws TextFault for an unknown option, one that the kind does not have, and a value that it cannot have. */
export function readMountOptions(fields: readonly Word[], expand: (word: Word) => string): MountOptions {
  const options = new Map<string, Word>()
  for (const field of fields) {
    const [name, value] = readOption(field, expand)
    options.set(name, value)
    // The one that is written last wins.
    if (name === 'readonly') options.delete('readwrite')
    if (name === 'readwrite') options.delete('readonly')
  }
  const kind = pick(options.get('type'), kinds) ?? 'bind'
  for (const [name, { offset }] of options) {
    if (belongsTo[name]?.includes(kind) ?? true) continue
    throw fault(offset, `a mount of type ${kind} has no \`${name}\``, `Remove \`${name}\``)
  }
  return optionsOf(kind, options)
}

function optionsOf(kind: MountKind, options: ReadonlyMap<string, Word>): MountOptions {
  const text = (name: string): string => options.get(name)?.text ?? ''
  const size = options.get('size')
  const sharing = pick(options.get('sharing'), sharings)
  const numbers = (['mode', 'uid', 'gid'] as const).flatMap((name) => {
    const value = options.get(name)
    return value ? [[name, readNumber(name, value)] as const] : []
  })
  return {
    kind,
    from: text('from'),
    source: text('source'),
    target: text('target'),
    id: text('id'),
    ...(options.has('env') && { env: text('env') }),
    ...(sharing && { sharing }),
    writable: isWritable(kind, options),
    required: isTrue('required', options.get('required')) ?? false,
    size: size ? shifted(size.offset, () => parseSize(size.text)) : 0,
    ...Object.fromEntries(numbers),
  }
}

function readOption({ text, offset }: Word, expand: (word: Word) => string): [string, Word] {
  const end = text.indexOf('=')
  const written = (end < 0 ? text : text.slice(0, end)).toLowerCase()
  const name = Object.hasOwn(aliases, written) ? (aliases[written] ?? written) : written
  if (!names.includes(name)) {
    const meant = nearest(written, [...names, ...Object.keys(aliases)])
    throw fault(offset, `a mount has no \`${written}\``, meant ? `Did you mean \`${meant}\`?` : 'Remove it')
  }
  if (end < 0 && !flags.includes(name)) {
    throw fault(offset, `\`${written}\` needs a value`, `Write \`${written}=…\``)
  }
  if (end < 0) return [name, { text: 'true', offset }]
  const value = { text: text.slice(end + 1), offset: offset + end + 1 }
  return [name, { text: expand(value), offset: value.offset }]
}

function isWritable(kind: MountKind, options: ReadonlyMap<string, Word>): boolean {
  const readonly = isTrue('readonly', options.get('readonly'))
  if (readonly !== undefined) return !readonly
  return isTrue('readwrite', options.get('readwrite')) ?? (kind === 'cache' || kind === 'tmpfs')
}

/** Truth as Go's strconv.ParseBool reads it. */
function isTrue(name: string, value: Word | undefined): boolean | undefined {
  if (!value) return undefined
  if (/^(1|t|T|TRUE|true|True)$/.test(value.text)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(value.text)) return false
  throw fault(value.offset, `\`${name}\` is true or false, not \`${value.text}\``, `Write \`${name}\` alone`)
}

function readNumber(name: 'mode' | 'uid' | 'gid', { text, offset }: Word): number {
  const base = name === 'mode' ? 8 : 10
  const isRight = base === 8 ? /^[0-7]{1,11}$/.test(text) : /^\d{1,10}$/.test(text)
  const number = isRight ? Number.parseInt(text, base) : NaN
  if (number <= 0xffffffff) return number
  throw fault(
    offset,
    `\`${text}\` cannot be the ${name} of a mount`,
    base === 8 ? 'Write it as 0755' : 'Write a number',
  )
}

function pick<Value extends string>(word: Word | undefined, values: readonly Value[]): Value | undefined {
  if (!word) return undefined
  const found = values.find((value) => value === word.text.toLowerCase())
  if (found !== undefined) return found
  const meant = nearest(word.text, values)
  throw fault(
    word.offset,
    `\`${word.text}\` is none of ${values.join(', ')}`,
    meant ? `Did you mean \`${meant}\`?` : `Write one of ${values.join(', ')}`,
  )
}

function fault(offset: number, message: string, fix: string): TextFault {
  return new TextFault('value', { message, fix, offset })
}
