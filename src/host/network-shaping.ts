import { CommandFailed, runCommand } from './command.ts'

/** How wide a sandbox's way to the rest of the world is. */

/** A token bucket (tc-tbf(8)): bytes that may go at once, and bytes that may wait. */
export interface Bucket {
  /** Bits a second. */
  readonly rate: number
  readonly burst: number
  readonly limit: number
}

/** Small enough that a neighbour's packets come in between, large enough for the biggest packet of a virtual pair. */
const smallestBurst = 128 * 1024

/** A burst is what comes in 10 ms; what would have to wait for more than 50 ms is dropped, which slows its sender down. */
export function bucketFor(bandwidth: number): Bucket {
  const bytesASecond = bandwidth / 8
  const burst = Math.max(smallestBurst, Math.ceil(bytesASecond * 0.01))
  return { rate: bandwidth, burst, limit: burst + Math.ceil(bytesASecond * 0.05) }
}

/**
 * Bounds what leaves by an interface.
 * @param enter what to put before the command, to run it in another network namespace
 * @throws Error when the kernel cannot
 */
export async function boundInterface(device: string, bandwidth: number, enter: readonly string[] = []): Promise<void> {
  const { rate, burst, limit } = bucketFor(bandwidth)
  const bucket = ['tbf', 'rate', `${rate}bit`, 'burst', String(burst), 'limit', String(limit)]
  const [file, ...args] = [...enter, 'tc', 'qdisc', 'replace', 'dev', device, 'root', ...bucket]
  try {
    await runCommand([file ?? 'tc', ...args])
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    const why = /unknown|not found/i.test(error.stderr) ? 'this kernel has no `tbf` (module sch_tbf)' : error.message
    throw new Error(`cannot bound the bandwidth of the sandbox: ${why}`, { cause: error })
  }
}
