import { spawn } from 'node:child_process'
import { fixedEnvironment } from './command.ts'

export interface ReadyProcess {
  readonly pid: number
  /** Ends it; does not wait. */
  kill(): void
}

/**
 * Starts a program, gives it its input, and waits until it says `ready` on a line of its own. It ends with this process.
 * @throws Error with what it said on stderr, when it ends before that
 */
export function startReady(
  argv: readonly [string, ...string[]],
  { input, env }: { readonly input: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ReadyProcess> {
  const [file, ...args] = argv
  const child = spawn(file, args, { env: { ...fixedEnvironment, ...env }, stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${file} did not start: ${stderr.trim() || reason}`))
    child.once('error', ({ message }) => fail(message))
    child.once('close', (code) => fail(`it exited with ${code ?? 'no code'}`))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const { pid } = child
      if (text.includes('ready\n') && pid !== undefined) resolve({ pid, kill: () => void child.kill('SIGKILL') })
    })
  })
}
