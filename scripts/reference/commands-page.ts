import { commands } from '../../src/cli/commands.ts'
import type { Command } from '../../src/cli/command.ts'
import { generatedFrom, markdownTable, page } from './generated.ts'

/** docs/reference/commands.md */
export function commandsPage(): string {
  return page(
    '# Commands',
    generatedFrom('src/cli/commands'),
    `\`berth help COMMAND\` prints the same. Every command takes \`--json\`: one object or one event a line on standard
output, everything else on standard error; [json.md](json.md) has the shapes. \`NO_COLOR\` and a pipe switch colours off.`,
    markdownTable(
      ['exit code', 'meaning'],
      [
        ['0', 'done'],
        ['1', 'a problem; `error[CODE]` and its fix are on standard error, [problems.md](problems.md) lists the codes'],
        ['2', 'the command line was not understood'],
        ['75', 'a temporary problem: the same command may succeed later'],
        ['130', 'Ctrl-C'],
        ['other', '`run` and `exec` pass on what the command in the sandbox exited with'],
      ],
    ),
    ...commands.map(describe),
  )
}

function describe(command: Command): string {
  const options = [
    ...Object.values(command.options).map(({ written, description }) => [`\`${written}\``, description]),
    ['`--json`', `print JSON: ${command.json}`],
  ]
  const given = Object.values(command.arguments).map(({ written, description }) => [`\`${written}\``, description])
  return [
    `## berth ${command.name}`,
    `\`${usageOf(command)}\``,
    `${command.summary}.`,
    ...(command.description ? [command.description] : []),
    markdownTable(['', ''], [...given, ...options]),
  ].join('\n\n')
}

function usageOf({ name, arguments: given, options }: Command): string {
  const words = Object.values(given).map(
    ({ written, arity }) => ({ one: written, optional: `[${written}]`, rest: `${written}...` })[arity],
  )
  return ['berth', name, ...(Object.keys(options).length > 0 ? ['[OPTIONS]'] : []), ...words].join(' ')
}
