import { readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Group } from './groups.ts'

/** The port of the application inside its own network. */
export const innerPort = 8000

/**
 * Waits until an application that is being started listens, without sending it anything: a packet that comes before its
 * network is up makes the host wait a second before it looks for it again (ARP), and that is no part of a start.
 * @param before network namespaces of the applications that listened already
 */
export async function awaitListener(group: Group, before: ReadonlySet<string>): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    for (const namespace of await listeners(group)) if (!before.has(namespace)) return
    await sleep(3)
  }
  throw new Error('the application does not listen within half a minute')
}

/** The network namespaces in which a process of the group listens on the application's port. */
export async function listeners(group: Group): Promise<Set<string>> {
  const found = new Set<string>()
  const seen = new Set<string>()
  for (const pid of await group.pids()) {
    const namespace = await readlink(`/proc/${pid}/ns/net`).catch(() => '')
    if (seen.has(namespace)) continue
    seen.add(namespace)
    if (await listensIn(pid)) found.add(namespace)
  }
  return found
}

/** proc_net_tcp(5): local address and port in hexadecimal, and state 0A while it listens; Node listens at `::`. */
async function listensIn(pid: number): Promise<boolean> {
  const port = innerPort.toString(16).toUpperCase().padStart(4, '0')
  const read = (name: string) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')
  const sockets = (await Promise.all(['tcp', 'tcp6'].map(read))).join('\n').split('\n')
  return sockets.some((line) => new RegExp(`^ *\\d+: [0-9A-F]{8,32}:${port} \\S+ 0A `).test(line))
}
