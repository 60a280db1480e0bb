import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { readdir, readlink, readText } from './files.ts'

/** Ports of this host: which are free, and who holds one. */

/** A port of 127.0.0.1 that is free for UDP and TCP at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await freeTcpPort()
    if (await isFreeForUdp(port)) return port
  }
}

function freeTcpPort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
}

/** Who listens on a TCP port. */
export interface PortHolder {
  /** Such as `nginx (pid 812)`. */
  readonly name: string
  /** The service of systemd that it belongs to, such as `nginx.service`. */
  readonly service?: string
}

/** Gives undefined when nobody listens. */
export async function holderOfPort(port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readText(`/proc/net/${name}`)))
  const sockets = new Set(tables.flatMap((table) => listeningSockets(table ?? '', port)))
  if (sockets.size === 0) return undefined
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined && sockets.has(inode)) return describeHolder(pid)
    }
  }
  return { name: 'a program in another container' }
}

async function describeHolder(pid: string): Promise<PortHolder> {
  const [command, groups] = await Promise.all([
    readText(`/proc/${pid}/comm`).catch(() => undefined),
    readText(`/proc/${pid}/cgroup`).catch(() => undefined),
  ])
  const service = serviceOf(groups ?? '')
  return { name: `${(command ?? 'a program').trim()} (pid ${pid})`, ...(service === undefined ? {} : { service }) }
}

/** The system's service that a process belongs to, by its `/proc/PID/cgroup` (cgroups(7)); undefined outside any. */
export function serviceOf(groups: string): string | undefined {
  return /^(?:0:|\d+:name=systemd):\/system\.slice\/(?:[^/\n]+\.slice\/)*([^/\n]+\.service)(?:\/|$)/m.exec(groups)?.[1]
}

/** The inodes of the sockets that listen on a port, of a table like `/proc/net/tcp` (proc(5)). */
export function listeningSockets(table: string, port: number): string[] {
  const listening = '0A'
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === listening)
    .map((fields) => fields[9])
    .filter((inode) => inode !== undefined)
}
