import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fixedEnvironment } from './command.ts'
import { readText } from './files.ts'

/** What a process and all that it starts ask of the kernel, as strace(1) reports it. */
export interface Trace {
  /** Ends the tracing; the processes go on. */
  stop(): Promise<Traced>
}

export interface Traced {
  /** Names of system calls, sorted. */
  readonly calls: readonly string[]
  /** IPv4 addresses and ports that were connected to or written to, as `10.0.0.5:5432`, sorted. */
  readonly reached: readonly string[]
}

/**
 * Begins to trace a process; returns when every call from now on is seen.
 * @throws Error in strace's words, when it cannot
 */
export async function traceProcess(pid: number): Promise<Trace> {
  const argv = ['--follow-forks', '--quiet=all', '--signal=none', '--string-limit=0', '--attach', String(pid)]
  const child = spawn('strace', argv, { stdio: ['ignore', 'ignore', 'pipe'], env: fixedEnvironment })
  const reader = new TraceReader()
  let last = ''
  const lines = createInterface({ input: child.stderr }).on('line', (line) => {
    last = line
    reader.read(line)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  ended.catch(() => undefined)
  await untilTraced(
    pid,
    () => child.exitCode !== null,
    ended,
    () => last,
  )
  return {
    async stop() {
      child.kill('SIGINT')
      await ended
      lines.close()
      return reader.result()
    },
  }
}

async function untilTraced(
  pid: number,
  isOver: () => boolean,
  ended: Promise<void>,
  reason: () => string,
): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const status = (await readText(`/proc/${pid}/status`).catch(() => undefined)) ?? ''
    if (/^TracerPid:\s*[1-9]/m.test(status)) return
    if (isOver()) break
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))])
  }
  throw new Error(`strace cannot trace process ${pid}: ${reason()}`)
}

/** Reads lines such as `[pid 12] openat(AT_FDCWD, ""..., O_RDONLY) = 3` and `<... read resumed>…`. */
export class TraceReader {
  readonly #calls = new Set<string>()
  readonly #reached = new Set<string>()

  read(line: string): void {
    const call = /^(?:\[pid\s+\d+\] )?([a-z_][a-z0-9_]*)\(/.exec(line)?.[1]
    if (call !== undefined) this.#calls.add(call)
    if (call === undefined || !['connect', 'sendto', 'sendmsg', 'sendmmsg'].includes(call)) return
    const [, port, address] = /sin_port=htons\((\d+)\), sin_addr=inet_addr\("([\d.]+)"\)/.exec(line) ?? []
    if (port !== undefined && address !== undefined) this.#reached.add(`${address}:${port}`)
  }

  result(): Traced {
    return { calls: [...this.#calls].sort(), reached: [...this.#reached].sort() }
  }
}
