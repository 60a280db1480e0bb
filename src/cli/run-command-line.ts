import { messageOf, Problem } from '../model/problem.ts'
import { exitCodes, problemExitCode } from './exit-codes.ts'
import { makeContext } from './context.ts'
import { paintFor } from './render/paint.ts'
import { renderBug, renderProblem } from './render/problem.ts'
import type { Screen } from './render/screen.ts'
import { readCommandLine } from './program.ts'
import { show, type Output } from './show.ts'
import { shownCommandLine } from './shown-command-line.ts'

/** Does what a command line says and gives the exit code. The only place that prints. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const interruption = interruptedByCtrlC()
  stopWhenNobodyReads()
  const output = makeOutput(ownWords(words).includes('--json'))
  try {
    const request = readCommandLine(words)
    if (request.kind === 'help') {
      output.print(request.text.trimEnd())
      return 0
    }
    const { json, command, input } = request
    const commandLine = shownCommandLine(words)
    const context = makeContext({ json, commandLine, signal: interruption, paint: output.screen.paint })
    return await show(await command.run(input, context), { ...output, json })
  } catch (error) {
    if (interruption.aborted) {
      output.screen.write('given up; `berth ps` shows what state things are in\n')
      return exitCodes.interrupted
    }
    return report(error, output)
  }
}

/** What follows `--` belongs to a command in a sandbox. */
function ownWords(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--')
  return end < 0 ? words : words.slice(0, end)
}

/** Tells what a daemon in the foreground has failed of, as any command's failure is told. @returns the exit code */
export function reportFailure(error: unknown): Promise<number> {
  return report(error, makeOutput(false))
}

async function report(error: unknown, { json, print, screen }: Output): Promise<number> {
  if (error instanceof Problem) {
    const { eventOf } = await import('../model/problem-event.ts')
    const event = eventOf(error)
    if (json) print(JSON.stringify(event))
    else screen.write(`${renderProblem(event, screen.paint)}\n`)
    return problemExitCode(event)
  }
  screen.write(`${renderBug(error)}\n`)
  if (json) {
    const message = messageOf(error)
    print(JSON.stringify({ kind: 'problem', code: 'bug', message, fix: 'Please report it', temporary: false }))
  }
  return exitCodes.problem
}

function makeOutput(json: boolean): Output {
  const { stdout, stderr } = process
  const screen: Screen = {
    write: (text) => void stderr.write(text),
    columns: stderr.isTTY && process.env['TERM'] !== 'dumb' ? stderr.columns : undefined,
    paint: paintFor(stderr.isTTY, process.env),
    // The clock that needs nothing to be loaded.
    now: () => process.uptime() * 1000,
  }
  return { json, screen, print: (text) => void stdout.write(`${text}\n`) }
}

/** The first Ctrl-C gives up what is under way, in order; the second ends at once. */
function interruptedByCtrlC(): AbortSignal {
  const controller = new AbortController()
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  })
  return controller.signal
}

/** `berth logs shop | head`: when the reader has gone, there is nothing left to do. */
function stopWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
