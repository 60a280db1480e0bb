import type { CommandIo } from '../../isolation/isolator.ts'
import type { Emit } from '../../model/events.ts'
import { initialiseFailed } from '../../model/problems/initialise.ts'
import { describeExit, type Exit } from '../../model/sandbox.ts'

const keptLines = 20

export interface InitialiseContext {
  /** Runs a command in a one-off sandbox of the new release. */
  run(argv: readonly string[], io: CommandIo, signal: AbortSignal): Promise<Exit>
  /** What the application tried to reach in vain, in lines for its operator. */
  refusedLines(): Promise<readonly string[]>
  readonly timeoutSeconds: number
  readonly serving: number | undefined
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Runs the commands one after the other, each in a fresh sandbox of the new release.
 * @throws initialiseFailed at the first that does not exit with 0 in time
 */
export async function initialise(commands: readonly (readonly string[])[], context: InitialiseContext): Promise<void> {
  for (const argv of commands) await runOne(argv, context)
}

async function runOne(argv: readonly string[], context: InitialiseContext): Promise<void> {
  const { timeoutSeconds, emit, signal } = context
  const command = shown(argv)
  const lines: string[] = []
  const lineOf = (stream: 'stdout' | 'stderr') =>
    splitLines((text) => {
      emit({ kind: 'output', source: command, stream, text })
      lines.push(text)
      if (lines.length > keptLines) lines.shift()
    })
  const [stdout, stderr] = [lineOf('stdout'), lineOf('stderr')]
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000)
  const failed = async (how: string, cause?: unknown) => {
    const all = [...lines, ...(await context.refusedLines())]
    return initialiseFailed({ command, how, lines: all, serving: context.serving }, { cause })
  }
  try {
    const io = { stdout: stdout.take, stderr: stderr.take }
    const exit = await context.run(argv, io, AbortSignal.any([signal, timeout]))
    stdout.end()
    stderr.end()
    if (timeout.aborted) throw await failed(`it took longer than ${timeoutSeconds} s`)
    if (exit.kind !== 'code' || exit.code !== 0) throw await failed(describeExit(exit))
  } catch (error) {
    if (timeout.aborted && !signal.aborted) throw await failed(`it took longer than ${timeoutSeconds} s`, error)
    throw error
  }
}

/** Cuts a stream of bytes into lines, the last one also when it has no end; very long ones are cut. */
function splitLines(onLine: (line: string) => void): { take: (chunk: Buffer) => void; end: () => void } {
  const decoder = new TextDecoder()
  let pending = ''
  return {
    take(chunk) {
      const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n')
      pending = (parts.pop() ?? '').slice(-64 * 1024)
      parts.forEach(onLine)
    },
    end() {
      if (pending !== '') onLine(pending)
    },
  }
}

function shown(argv: readonly string[]): string {
  const [shell, flag, line] = argv
  return shell === '/bin/sh' && flag === '-c' && line !== undefined ? line.replace(/^exec /, '') : argv.join(' ')
}
