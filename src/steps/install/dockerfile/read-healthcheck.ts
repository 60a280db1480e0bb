import { parseDuration } from './duration.ts'
import type { InstructionContent } from './instruction.ts'
import type { Healthcheck } from './image-config.ts'
import { readFlags, type Flags } from './read-flags.ts'
import type { Reading } from './reading.ts'
import { commandOf } from './read-settings.ts'
import type { Word } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'
import { trimmed } from './words.ts'

const durations = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
} as const

const known = {
  interval: 'value',
  timeout: 'value',
  'start-period': 'value',
  'start-interval': 'value',
  retries: 'value',
} as const

/** `HEALTHCHECK [--interval=…] CMD command`, `HEALTHCHECK NONE` */
export function readHealthcheck(reading: Reading): InstructionContent {
  const { rest, name } = reading
  const flags = readFlags(reading.flags, known)
  const [kind = ''] = /^\S*/.exec(rest.text) ?? []
  const command = trimmed({ text: rest.text.slice(kind.length), offset: rest.offset + kind.length })
  switch (kind.toUpperCase()) {
    case 'NONE':
      if (command.text !== '') throw fault(command, 'HEALTHCHECK NONE takes nothing more', 'Remove the rest')
      return { kind: 'healthcheck', healthcheck: { Test: ['NONE'] } }
    case 'CMD':
      return { kind: 'healthcheck', healthcheck: { Test: readTest(command), ...readTimes(flags) } }
    default:
      throw fault(kind === '' ? name : rest, 'HEALTHCHECK needs CMD or NONE', 'Write it as `HEALTHCHECK CMD command`')
  }
}

function readTest(rest: Word): string[] {
  const command = commandOf(rest)
  const argv = command.form === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.text]
  if (argv.length === 1 || rest.text === '') {
    throw fault(rest, 'a command is missing after CMD', 'Write the command that checks the health')
  }
  return argv
}

function readTimes(flags: Flags): Omit<Healthcheck, 'Test'> {
  const times = Object.entries(durations).flatMap(([flag, key]) => {
    const value = flags.value(flag)
    const time = value && value.text !== '' ? shifted(value.offset, () => readTime(value.text)) : 0
    return time === 0 ? [] : [[key, time] as const]
  })
  const retries = readRetries(flags.value('retries'))
  return { ...Object.fromEntries(times), ...(retries !== 0 && { Retries: retries }) }
}

const shortest = 1_000_000

function readTime(text: string): number {
  const time = parseDuration(text)
  if (time === 0 || time >= shortest) return time
  throw new TextFault('value', { message: `\`${text}\` is too short`, fix: 'Write 1ms or more' })
}

function readRetries(value: Word | undefined): number {
  if (!value || value.text === '') return 0
  if (/^\+?\d{1,9}$/.test(value.text)) return Number(value.text)
  throw new TextFault('value', {
    message: `\`${value.text}\` is no number of retries`,
    fix: 'Write a number, such as `--retries=3`',
    offset: value.offset,
  })
}

function fault({ offset }: Word, message: string, fix: string): TextFault {
  return new TextFault('syntax', { message, fix, offset })
}
