import { readFlags } from './read-flags.ts'
import type { Command, Declaration, InstructionContent, Pair } from './instruction.ts'
import type { Reading } from './reading.ts'
import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'
import { jsonWords, plainWords, quotedWords } from './words.ts'

/** `ENV a=1 b="2 3"`, `LABEL …`; or, as long ago, `ENV a 1`. */
export function readPairs(reading: Reading): InstructionContent {
  const { flags, rest, escape, keyword } = reading
  readFlags(flags, {})
  const words = quotedWords(rest, escape)
  const [first] = words
  if (!first) throw needs(reading, 'a name and a value', `${keyword.toUpperCase()} name=value`)
  const pairs = first.text.includes('=') ? words.map(readPair) : [legacyPair(reading)]
  const nameless = pairs.find(({ name }) => name.text === '')
  if (nameless) throw fault(nameless.name, 'a name is missing before `=`', 'Write `name=value`')
  return { kind: keyword === 'env' ? 'env' : 'label', pairs }
}

function readPair(word: Word): Pair {
  const end = word.text.indexOf('=')
  if (end < 0) {
    throw fault(word, `\`${word.text}\` is no name=value`, 'Put values that have spaces into quotes: name="a b"')
  }
  return { name: { text: word.text.slice(0, end), offset: word.offset }, value: after(word, end), isLegacy: false }
}

function after({ text, offset }: Word, end: number): Word {
  return { text: text.slice(end + 1), offset: offset + end + 1 }
}

function legacyPair(reading: Reading): Pair {
  const { text, offset } = reading.rest
  const [, name = '', gap = '', value] = /^([^\t\v\f\r ]*)([\t\v\f\r ]+)(.*)$/s.exec(text) ?? []
  if (value === undefined) throw needs(reading, 'a name and a value', `${reading.keyword.toUpperCase()} name=value`)
  return {
    name: { text: name, offset },
    value: { text: value, offset: offset + name.length + gap.length },
    isLegacy: true,
  }
}

/** `ARG name`, `ARG name=default`, several of them. */
export function readArg(reading: Reading): InstructionContent {
  readFlags(reading.flags, {})
  const declarations = quotedWords(reading.rest, reading.escape).map((word): Declaration => {
    const end = word.text.indexOf('=')
    if (end === 0) throw fault(word, 'a name is missing before `=`', 'Write `ARG name` or `ARG name=default`')
    if (end < 0) return { name: word }
    return { name: { text: word.text.slice(0, end), offset: word.offset }, value: after(word, end) }
  })
  if (declarations.length === 0) throw needs(reading, 'a name', 'ARG name=default')
  return { kind: 'arg', declarations }
}

/** `CMD` and `ENTRYPOINT`. */
export function readCommand({ flags, rest, keyword }: Reading): InstructionContent {
  readFlags(flags, {})
  return { kind: keyword === 'cmd' ? 'cmd' : 'entrypoint', command: commandOf(rest) }
}

/** The JSON form is an argument list, everything else is for the shell. */
export function commandOf(rest: Word): Command {
  const words = jsonWords(rest)
  return words ? { form: 'exec', argv: words.map(({ text }) => text) } : { form: 'shell', text: rest.text }
}

export function readShell(reading: Reading): InstructionContent {
  readFlags(reading.flags, {})
  const argv = jsonWords(reading.rest)?.map(({ text }) => text) ?? []
  if (argv.length === 0) throw needs(reading, 'a JSON array', 'SHELL ["/bin/bash", "-c"]')
  return { kind: 'shell', argv }
}

/** `USER`, `WORKDIR`, `STOPSIGNAL`, `MAINTAINER`: everything on the line is the value. */
export function readText(reading: Reading): InstructionContent {
  const { flags, rest, keyword } = reading
  readFlags(flags, {})
  if (rest.text === '') throw needs(reading, 'a value', `${keyword.toUpperCase()} …`)
  return { kind: keyword as 'user' | 'workdir' | 'stopsignal' | 'maintainer', value: rest }
}

/** `VOLUME` and `EXPOSE`; the first also in the JSON form. */
export function readList(reading: Reading): InstructionContent {
  const { flags, rest, keyword } = reading
  readFlags(flags, {})
  const values = (keyword === 'volume' ? jsonWords(rest) : undefined) ?? plainWords(rest)
  if (values.length === 0) throw needs(reading, 'a value', `${keyword.toUpperCase()} …`)
  const empty = values.find(({ text }) => text.trim() === '')
  if (empty) throw fault(empty, 'a value is empty', 'Remove it')
  return { kind: keyword === 'volume' ? 'volume' : 'expose', values }
}

function needs({ keyword, name }: Reading, what: string, example: string): TextFault {
  return fault(name, `${keyword.toUpperCase()} needs ${what}`, `Write it as \`${example}\``)
}

function fault({ offset }: Word, message: string, fix: string): TextFault {
  return new TextFault('syntax', { message, fix, offset })
}
