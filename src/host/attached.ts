import { spawn } from 'node:child_process'
import type { IPty, spawn as SpawnTerminal } from '@lydell/node-pty'
import { noTerminal } from '../model/problems/isolation.ts'
import { fixedEnvironment } from './command.ts'
import { killQuietly } from './processes.ts'

/** Host programs whose input and output somebody else holds: commands that operators run inside sandboxes. */

export interface Attachment {
  readonly stdin?: NodeJS.ReadableStream
  stdout(chunk: Buffer): void
  stderr(chunk: Buffer): void
  /** With it, the program runs under a pseudo-terminal of that size. */
  readonly terminal?: { readonly columns: number; readonly rows: number }
  onResize?(listener: (size: { readonly columns: number; readonly rows: number }) => void): void
}

/** What a program ended with. */
export type AttachedEnd = { readonly code: number } | { readonly signal: NodeJS.Signals }

/**
 * Runs a program to its end with its input and output attached.
 * @throws Error when it, or a terminal for it, cannot be started.
 */
export async function runAttached(argv: readonly [string, ...string[]], attachment: Attachment): Promise<AttachedEnd> {
  return attachment.terminal ? runInTerminal(argv, attachment, attachment.terminal) : runWithPipes(argv, attachment)
}

async function runWithPipes(argv: readonly [string, ...string[]], attachment: Attachment): Promise<AttachedEnd> {
  const [file, ...args] = argv
  const { stdin } = attachment
  const child = spawn(file, args, {
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: fixedEnvironment,
    cwd: '/',
    detached: true, // an interrupt typed at berth's own terminal is not for it
  })
  child.stdout?.on('data', (chunk: Buffer) => attachment.stdout(chunk))
  child.stderr?.on('data', (chunk: Buffer) => attachment.stderr(chunk))
  if (stdin && child.stdin) {
    child.stdin.on('error', () => undefined) // it may end without reading all of its input
    stdin.pipe(child.stdin)
  }
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code === null ? { signal: signal ?? 'SIGKILL' } : { code }))
    })
  } finally {
    if (stdin && child.stdin) stdin.unpipe(child.stdin)
  }
}

async function runInTerminal(
  argv: readonly [string, ...string[]],
  attachment: Attachment,
  size: { readonly columns: number; readonly rows: number },
): Promise<AttachedEnd> {
  const terminal = (await loadTerminals())('sh', ['-ec', rawTerminal, 'sh', ...argv], {
    cols: size.columns,
    rows: size.rows,
    name: 'xterm-256color',
    env: { ...fixedEnvironment, TERM: 'xterm-256color' },
    cwd: '/',
    encoding: null,
  })
  // With `encoding: null` it gives bytes, whatever its type says.
  terminal.onData((chunk: string | Buffer) => attachment.stdout(Buffer.from(chunk)))
  attachment.onResize?.(({ columns, rows }) => resize(terminal, columns, rows))
  const type = (chunk: Buffer | string) => terminal.write(chunk.toString())
  attachment.stdin?.on('data', type)
  attachment.stdin?.once('end', () => terminal.write('\u0004'))
  try {
    const { exitCode, signal } = await new Promise<{ exitCode: number; signal?: number | undefined }>((resolve) =>
      terminal.onExit(resolve),
    )
    return { code: signal ? 128 + signal : exitCode }
  } finally {
    attachment.stdin?.off('data', type)
    killQuietly(terminal.pid, 'SIGKILL')
  }
}

/**
 * Raw from the beginning: the program makes it so only once it runs, and what came before would be echoed and have its
 * line ends doubled. The script is fixed; the program is in its arguments.
 */
const rawTerminal = 'stty raw -echo; exec "$@"'

function resize(terminal: IPty, columns: number, rows: number): void {
  try {
    terminal.resize(columns, rows)
  } catch {
    // It has ended in the meantime; its exit says all there is to say.
  }
}

/** Loaded when first needed: it is native code, which most runs of berth never use. */
async function loadTerminals(): Promise<typeof SpawnTerminal> {
  try {
    return (await import('@lydell/node-pty')).spawn
  } catch (cause) {
    throw noTerminal({}, { cause })
  }
}
