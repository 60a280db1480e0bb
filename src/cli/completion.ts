import type { Command } from './command.ts'

/** Completion of command names and options, from the list of commands. */
export const completionScripts: ReadonlyMap<string, (commands: readonly Command[]) => string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
])

interface Entry {
  readonly words: readonly string[]
  readonly summary: string
  readonly options: readonly { readonly names: readonly string[]; readonly description: string }[]
}

function entriesOf(commands: readonly Command[]): Entry[] {
  return commands.map(({ name, summary, options }) => ({
    words: name.split(' '),
    summary,
    options: [
      ...Object.values(options).map(({ written, description }) => ({ names: optionNames(written), description })),
      { names: ['--json'], description: 'print JSON' },
    ],
  }))
}

/** `-f, --follow` and `--since <TIME>` without their values. */
function optionNames(written: string): string[] {
  return [...written.matchAll(/(?:^|\s)(--?[a-z][a-z-]*)/g)].map((match) => match[1] ?? '')
}

/** What may follow each beginning: the command words, then the options. */
function choicesByBeginning(commands: readonly Command[]): Map<string, Set<string>> {
  const choices = new Map<string, Set<string>>()
  const add = (beginning: string, ...words: string[]) => {
    choices.set(beginning, new Set([...(choices.get(beginning) ?? []), ...words]))
  }
  for (const { words, options } of entriesOf(commands)) {
    words.forEach((word, index) => add(words.slice(0, index).join(' '), word))
    add(words.join(' '), ...options.flatMap(({ names }) => names))
  }
  return choices
}

function bash(commands: readonly Command[]): string {
  const cases = [...choicesByBeginning(commands)].map(
    ([beginning, words]) => `    '${beginning}') choices='${[...words].join(' ')}' ;;`,
  )
  const grouped = [...new Set(commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0]))]
  return `# bash completion of berth
_berth() {
  local choices='' beginning='' word=\${COMP_WORDS[COMP_CWORD]}
  [ "$COMP_CWORD" -lt 2 ] || beginning=\${COMP_WORDS[1]}
  case $beginning in
    ${grouped.join('|')}) [ "$COMP_CWORD" -lt 3 ] || beginning="$beginning \${COMP_WORDS[2]}" ;;
  esac
  case $beginning in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -d -- "$word"))
}
complete -F _berth berth
`
}

function zsh(commands: readonly Command[]): string {
  return `#compdef berth
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = entriesOf(commands).flatMap(({ words, summary, options }) => {
    const [first = '', second] = words
    const isHere = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`
    const after = `__fish_seen_subcommand_from ${second ?? first}`
    return [
      ...(second === undefined ? [] : [`complete -c berth -n __fish_use_subcommand -a ${first}`]),
      `complete -c berth -n ${quoted(isHere)} -a ${second ?? first} -d ${quoted(summary)}`,
      ...options.map(({ names, description }) => {
        const forms = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        return `complete -c berth -n ${quoted(after)} ${forms.join(' ')} -d ${quoted(description)}`
      }),
    ]
  })
  return `# fish completion of berth\n${[...new Set(lines)].join('\n')}\n`
}
