import { acceptsConnections, probe } from '../../host/probe.ts'
import type { RunSpec } from '../../model/release.ts'

/** Where an application is, and how its health is asked for. */
export interface HealthQuestion {
  readonly address: string
  readonly port: number
  readonly path: string
  /** Sent as the Host header: frameworks refuse hosts they do not know. */
  readonly host: string
  /** What its image has instead of a path that answers. */
  readonly own?: RunSpec['health']['own']
  /**
   * Runs a command inside the sandbox.
   * @returns undefined when it ended well, else what became of it
   */
  run?(argv: readonly string[], timeoutSeconds: number): Promise<string | undefined>
}

/**
 * Asks once.
 * @returns undefined when it is healthy, else the answer in words that follow its address
 */
export async function askHealth(question: HealthQuestion, patience: number): Promise<string | undefined> {
  const { own } = question
  if (!own) return askPath(question, patience)
  // Requests come as soon as it is taken for healthy, whatever its command looks at.
  const refusal = await acceptsConnections(question, patience)
  if (refusal !== undefined) return `did not answer: ${refusal}`
  if (own.kind === 'port') return undefined
  const failure = await question.run?.(own.argv, own.timeoutSeconds)
  return failure === undefined ? undefined : `is not well by the HEALTHCHECK of its image: ${failure}`
}

async function askPath(question: HealthQuestion, patience: number): Promise<string | undefined> {
  const answer = await probe(question, patience)
  if (answer.kind === 'silence') return `did not answer: ${answer.reason}`
  return answer.status >= 200 && answer.status < 400 ? undefined : `answered ${answer.status}`
}
