import { heredocStart, heredocText } from './heredoc.ts'
import type { CopyInstruction, InlineFile } from './instruction.ts'
import { readFlags, type FlagKind } from './read-flags.ts'
import type { Reading } from './reading.ts'
import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'
import { jsonWords, plainWords } from './words.ts'

const shared = { chown: 'value', chmod: 'value', link: 'switch', exclude: 'values' } as const
const known: Readonly<Record<'copy' | 'add', Readonly<Record<string, FlagKind>>>> = {
  copy: { from: 'value', ...shared, parents: 'switch' },
  add: { ...shared, 'keep-git-dir': 'switch', checksum: 'value', unpack: 'switch' },
}

/** `COPY` and `ADD`, in both forms, with here-documents among the sources. */
export function readCopy(reading: Reading): CopyInstruction {
  const kind = reading.keyword === 'copy' ? 'copy' : 'add'
  const words = jsonWords(reading.rest) ?? plainWords(reading.rest)
  const destination = words.at(-1)
  if (!destination || words.length < 2) throw needsTwo(reading)
  if (heredocStart(destination.text)) {
    throw fault(destination, 'a here-document cannot be where the files go', 'Name the target after it')
  }
  const sources = words.slice(0, -1)
  return {
    kind,
    sources: sources.filter(({ text }) => !heredocStart(text)),
    inline: sources.flatMap((source) => inlineFile(source, reading) ?? []),
    destination,
    ...readOptions(reading, kind),
  }
}

type Options = Omit<CopyInstruction, 'kind' | 'sources' | 'inline' | 'destination'>

function readOptions({ flags: words }: Reading, kind: 'copy' | 'add'): Options {
  const flags = readFlags(words, known[kind])
  const values = ['from', 'chown', 'chmod', 'checksum'].flatMap((name) => {
    const value = flags.value(name)
    return value && value.text !== '' ? [[name, value] as const] : []
  })
  const keepGitDir = flags.isOn('keep-git-dir')
  const unpack = flags.isOn('unpack')
  return {
    ...Object.fromEntries(values),
    exclude: flags.values('exclude').map(({ text }) => text),
    link: flags.isOn('link') ?? false,
    parents: flags.isOn('parents') ?? false,
    ...(keepGitDir !== undefined && { keepGitDir }),
    ...(unpack !== undefined && { unpack }),
  }
}

function inlineFile({ text }: Word, { line }: Reading): InlineFile | undefined {
  const start = heredocStart(text)
  // Of two with one name the last wins, as in BuildKit.
  const heredoc = start && line.heredocs.findLast(({ name }) => name === start.name)
  return heredoc && { name: heredoc.name, content: heredocText(heredoc), expand: heredoc.expand }
}

function needsTwo({ keyword, name }: Reading): TextFault {
  const upper = keyword.toUpperCase()
  return fault(name, `${upper} needs a source and a target`, `Write it as \`${upper} source target\``)
}

function fault({ offset }: Word, message: string, fix: string): TextFault {
  return new TextFault('syntax', { message, fix, offset })
}
