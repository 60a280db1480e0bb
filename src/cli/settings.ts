import { usage } from '../model/problems/client.ts'
import type { Context } from './command.ts'

/** Reads `NAME=VALUE`, `NAME=-` (the value is standard input) and a bare `NAME` (asked for, unseen). */
export async function readSettings(
  words: readonly string[],
  context: Pick<Context, 'ask' | 'readStdin'>,
): Promise<Record<string, string>> {
  const settings = new Map<string, string>()
  let isStdinRead = false
  for (const word of words) {
    const [name, value] = split(word)
    if (settings.has(name)) throw usage({ message: `${name} is set twice`, fix: 'Give each setting once' })
    if (value === '-') {
      if (isStdinRead) throw usage({ message: 'Two settings cannot both be standard input', fix: 'Set one at a time' })
      isStdinRead = true
      settings.set(name, withoutLastNewline(await context.readStdin()))
    } else settings.set(name, value ?? (await askFor(name, context)))
  }
  return Object.fromEntries(settings)
}

function split(word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf('=')
  const name = equals < 0 ? word : word.slice(0, equals)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw usage({
      message: `${JSON.stringify(name)} is no name of a setting`,
      fix: 'Write NAME=VALUE; a name has letters, digits and _, and does not begin with a digit',
    })
  }
  return [name, equals < 0 ? undefined : word.slice(equals + 1)]
}

async function askFor(name: string, { ask }: Pick<Context, 'ask'>): Promise<string> {
  if (ask) return ask.secret(`${name}: `)
  throw usage({ message: `${name} has no value`, fix: `Write ${name}=VALUE, or ${name}=- and pipe the value in` })
}

/** A value that was piped in mostly ends with the newline of `echo`, which is not part of it. */
function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}
