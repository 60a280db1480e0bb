import { spawn } from 'node:child_process'
import { CommandFailed, fixedEnvironment } from './command.ts'

type Argv = readonly [string, ...string[]]

/**
 * Runs `producer | consumer` without a shell.
 * @throws CommandFailed when either of them fails.
 */
export async function runPipeline(producer: Argv, consumer: Argv, signal?: AbortSignal): Promise<void> {
  const options = { env: fixedEnvironment, ...(signal ? { signal } : {}) }
  const first = spawn(producer[0], producer.slice(1), { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const second = spawn(consumer[0], consumer.slice(1), { ...options, stdio: [first.stdout, 'ignore', 'pipe'] })
  first.stdout.destroy() // the consumer has its own copy of this end
  const outcomes = await Promise.allSettled([ended(first, producer), ended(second, consumer)])
  signal?.throwIfAborted()
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  // When the consumer fails, the producer dies of SIGPIPE: the consumer's reason is the real one.
  const failure = failures.at(-1)
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error('a pipeline failed')
}

function ended(child: ReturnType<typeof spawn>, argv: Argv): Promise<void> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new CommandFailed(argv, { stdout: '', stderr: cause.message })))
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else
        reject(
          new CommandFailed(argv, {
            ...(code === null ? {} : { code }),
            ...(signal ? { signal } : {}),
            stdout: '',
            stderr,
          }),
        )
    })
  })
}
