import type { RunAction } from './action.ts'
import { heredocStart, heredocText, type Heredoc } from './heredoc.ts'
import type { RunInstruction } from './instruction.ts'
import { evaluateMount } from './mount.ts'
import { namedOrigin } from './origin.ts'
import type { StageState } from './stage-state.ts'
import { TextFault } from './text-fault.ts'

/** `RUN`: the command line, and all that it depends on. */
export function evaluateRun(instruction: RunInstruction, state: StageState): void {
  const { argv, script } = commandLine(instruction, state)
  const action: RunAction = {
    kind: 'run',
    argv,
    environment: Object.fromEntries(state.variables),
    workdir: state.workdir,
    user: state.config.User ?? '',
    network: instruction.network,
    mounts: instruction.mounts.map((mount) =>
      evaluateMount(mount, {
        workdir: state.workdir,
        expand: (word) => state.expand(word),
        origin: (name) => namedOrigin(name, state.plan),
      }),
    ),
    ...(script && { script }),
  }
  state.commit(`RUN ${[...argumentsOf(state), ...argv].join(' ')}`, action)
}

interface CommandLine {
  readonly argv: readonly string[]
  readonly script?: { readonly path: string; readonly content: string }
}

function commandLine({ command, heredocs }: RunInstruction, state: StageState): CommandLine {
  if (command.form === 'exec') {
    if (command.argv.length > 0) return { argv: command.argv }
    throw new TextFault('syntax', { message: 'RUN has an empty command', fix: 'Write the command, or remove the line' })
  }
  const [first] = heredocs
  if (!first) return { argv: state.shellArgv(command.text) }
  if (!isAlone(command.text)) return { argv: state.shellArgv(withDocuments(command.text, heredocs)) }
  const content = heredocText(first)
  if (!content.startsWith('#!')) return { argv: state.shellArgv(content) }
  const path = `/dev/pipes/${/^[\w.-]+$/.test(first.name) ? first.name : 'script'}`
  return { argv: state.shellArgv(path), script: { path, content } }
}

/** Whether the command is a here-document and nothing else: the shell then gets its content, whatever shell it is. */
function isAlone(text: string): boolean {
  try {
    return heredocStart(text) !== undefined
  } catch (error) {
    if (error instanceof TextFault) return false
    throw error
  }
}

/** Here-documents of a command are the shell's own business. */
function withDocuments(text: string, heredocs: readonly Heredoc[]): string {
  return text + heredocs.map(({ content, name }) => `\n${content}${name}`).join('')
}

/** As Docker writes the build arguments of a command: their number, then each. */
function argumentsOf({ declared, variables }: StageState): string[] {
  if (declared.size === 0) return []
  return [`|${declared.size}`, ...[...declared].map((name) => `${name}=${variables.get(name) ?? ''}`)]
}
