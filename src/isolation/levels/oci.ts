import { readText, writeFile } from '../../host/files.ts'
import type { TerminalSize } from '../isolator.ts'
import type { CommandLine, InsideCommand, Running } from '../level.ts'

/** What OCI runtimes have in common (runtime-spec 1.0.2, and the command line that runc, crun and runsc share). */

/** The size has to be there before the command starts: what looks for it once would see 0 columns. */
export function terminalPart(terminal?: TerminalSize): object {
  if (!terminal) return { terminal: false }
  return { terminal: true, consoleSize: { height: terminal.rows, width: terminal.columns } }
}

/** The application's own process, as its specification has it, with another command line. */
export async function insideByRuntime(
  runtime: CommandLine,
  { layout, id }: Running,
  argv: readonly string[],
  terminal?: TerminalSize,
): Promise<InsideCommand> {
  const name = `${layout.bundle}/exec-${process.pid}-${(counter += 1)}`
  const [pidFile, processFile] = [`${name}.pid`, `${name}.json`]
  // Written by berth itself when the sandbox was made.
  const config = JSON.parse((await readText(layout.config)) ?? '') as { process: object }
  const process_ = { ...config.process, ...terminalPart(terminal), args: argv }
  await writeFile(processFile, JSON.stringify(process_), { mode: 0o600 })
  const command: CommandLine = [...runtime, 'exec', '--pid-file', pidFile, '--process', processFile, id]
  return { command, pidFile, files: [processFile] }
}
let counter = 0
