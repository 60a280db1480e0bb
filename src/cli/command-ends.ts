import { StringDecoder } from 'node:string_decoder'
import type { CommandEnds } from '../client/remote-command.ts'

/** This process's own input, output and terminal, lent to a command in a sandbox. */
export interface OwnEnds extends CommandEnds, Disposable {
  /** Undefined unless both input and output are a terminal. */
  readonly terminal: { columns: number; rows: number } | undefined
  exited(code: number): void
}

/** Takes the terminal over, if there is one; disposing of it gives it back. */
export function openEnds(json: boolean): OwnEnds {
  const { stdin, stdout, stderr } = process
  const terminal = !json && stdin.isTTY && stdout.isTTY ? sizeOf(stdout) : undefined
  // Raw: keys such as Ctrl-C are the command's business then, not ours.
  if (terminal) stdin.setRawMode(true)
  return {
    terminal,
    input: stdin,
    stdout: json ? jsonOutput('stdout') : (chunk) => void stdout.write(chunk),
    stderr: json ? jsonOutput('stderr') : (chunk) => void stderr.write(chunk),
    onResize(listener) {
      const resized = () => listener(sizeOf(stdout))
      if (terminal) stdout.on('resize', resized)
      return () => stdout.off('resize', resized)
    },
    exited(code) {
      if (json) printJson({ kind: 'exit', code })
    },
    [Symbol.dispose]() {
      if (terminal) stdin.setRawMode(false)
      stdin.destroy() // else a pipe or terminal that nobody closes would keep this process
    },
  }
}

/** Some terminals, serial lines among them, do not know their size and say 0. */
function sizeOf({ columns, rows }: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: columns || 80, rows: rows || 24 }
}

/** Characters may be cut in two between chunks; the decoder puts them together. */
function jsonOutput(stream: 'stdout' | 'stderr'): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  return (chunk) => printJson({ kind: 'output', stream, text: decoder.write(chunk) })
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
