import { spawn } from 'node:child_process'
import { endOfChild, fixedEnvironment } from './command.ts'

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
  const outcomes = await Promise.allSettled([endOfChild(first, producer), endOfChild(second, consumer)])
  signal?.throwIfAborted()
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  // When the consumer fails, the producer dies of SIGPIPE: the consumer's reason is the real one.
  const failure = failures.at(-1)
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error('a pipeline failed')
}
