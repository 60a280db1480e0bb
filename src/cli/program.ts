import { Command as Parser, CommanderError, Option } from 'commander'
import { nearest } from '../model/nearest.ts'
import { usage } from '../model/problems/client.ts'
import { commands, groups } from './commands.ts'
import type { Command } from './command.ts'

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'command'
      readonly command: Command
      readonly input: Readonly<Record<string, unknown>>
      readonly json: boolean
    }

/** Reads a command line. @throws Problem `usage` when it cannot be understood */
export function readCommandLine(words: readonly string[]): Request {
  let request: Request | undefined
  let help = ''
  const program = new Parser('berth')
    .description('Deploys web applications on your own Linux servers: the same environment at every deploy, sealed off')
    .usage('COMMAND [ARGUMENTS] [--json]')
    .option('--version', 'print the version')
    .helpCommand('help [COMMAND]', 'show help for a command')
  for (const command of commands) addCommand(program, command, (found) => (request = found))
  silence(program, (text) => (help += text))
  try {
    program.parse(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (help === '' || error.exitCode !== 0) {
      const isAsked = error.code === 'commander.help' && words.length === 0
      if (!isAsked) throw usageProblem(error, words)
    }
  }
  return request ?? { kind: 'help', text: help || program.helpInformation() }
}

function addCommand(program: Parser, command: Command, found: (request: Request) => void): void {
  const path = command.name.split(' ')
  const parent = path.length > 1 ? groupIn(program, path[0] ?? '') : program
  const parser = parent.command(path.at(-1) ?? '').summary(command.summary)
  parser.description([command.summary, ...paragraphs(command.description ?? '')].join('\n\n'))
  for (const { written, description, arity } of Object.values(command.arguments)) {
    const shape = { one: `<${written}>`, optional: `[${written}]`, rest: `<${written}...>` }[arity]
    parser.argument(shape, description)
  }
  const options = Object.entries(command.options).map(([name, parameter]) => {
    const option = new Option(parameter.written, parameter.description)
    if (parameter.repeatable) option.argParser((value, earlier: string[] | undefined) => [...(earlier ?? []), value])
    parser.addOption(option)
    return { name, parameter, attribute: option.attributeName() }
  })
  parser.option('--json', 'print JSON on standard output')
  parser.action(() => {
    const given = parser.opts<Record<string, unknown>>()
    const input: Record<string, unknown> = {}
    Object.entries(command.arguments).forEach(([name, parameter], index) => {
      input[name] = parameter.read(parser.processedArgs[index])
    })
    for (const { name, parameter, attribute } of options) input[name] = parameter.read(given[attribute])
    found({ kind: 'command', command, input, json: given['json'] === true })
  })
}

/** Paragraphs without the line breaks of the source: help breaks its lines itself. */
function paragraphs(text: string): string[] {
  return text.split('\n\n').flatMap((paragraph) => (paragraph === '' ? [] : [paragraph.replaceAll('\n', ' ')]))
}

function groupIn(program: Parser, name: string): Parser {
  return (
    program.commands.find((known) => known.name() === name) ?? program.command(name).description(groups[name] ?? '')
  )
}

/** Help and errors are ours to print, and to exit with. */
function silence(parser: Parser, keep: (text: string) => void): void {
  parser.exitOverride().configureOutput({ writeOut: keep, writeErr: keep, outputError: () => undefined })
  parser.showSuggestionAfterError(false)
  for (const inner of parser.commands) silence(inner, keep)
}

function usageProblem(error: CommanderError, words: readonly string[]) {
  if (error.code === 'commander.help') {
    return usage({
      message: `\`berth ${words.join(' ')}\` is not complete`,
      fix: `See \`berth help ${words[0] ?? ''}\``,
    })
  }
  const message = error.message.replace(/^error: /, '')
  if (error.code === 'commander.unknownOption' && ['run', 'exec'].includes(words[0] ?? '') && !words.includes('--')) {
    return usage({ message, fix: `Put \`--\` before the command: \`berth ${words[0] ?? ''} APP -- COMMAND\`` })
  }
  const wrong = /^unknown (command|option) '([^']+)'/.exec(message)
  const known = wrong?.[1] === 'command' ? commandWords(words, wrong[2] ?? '') : optionWords(words)
  const meant = wrong && nearest(wrong[2] ?? '', known)
  const help =
    words[0] !== undefined && commandWords(words, '').includes(words[0]) ? `berth help ${words[0]}` : 'berth help'
  return usage({
    message: message.charAt(0).toUpperCase() + message.slice(1),
    fix: meant === undefined ? `See \`${help}\`` : `Did you mean \`${meant}\`? See \`${help}\``,
  })
}

/** Commands that may stand where the wrong word stands. */
function commandWords(words: readonly string[], wrong: string): string[] {
  const group = words[0] !== wrong && words[0] !== undefined && words[0] in groups ? `${words[0]} ` : ''
  const names = commands.map(({ name }) => name).filter((name) => name.startsWith(group))
  return [...new Set(names.map((name) => name.slice(group.length).split(' ', 1)[0] ?? ''))]
}

function optionWords(words: readonly string[]): string[] {
  const command = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
  const written = Object.values(command?.options ?? {}).map((parameter) => parameter.written)
  return ['--json', '--help', ...written.flatMap((text) => text.match(/--[a-z-]+/g) ?? [])]
}
