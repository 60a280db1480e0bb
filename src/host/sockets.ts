import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { rm } from 'node:fs/promises'
import type { HttpServer } from './http.ts'

/** Sockets and servers of the host. */

export { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
export * from './http.ts'
export type { Socket } from 'node:net'

/** Every address of a host name, or the address itself. @throws Error when the name does not resolve. */
export async function resolveHost(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** The addresses of this host on all of its interfaces. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}

/** Opens a TCP connection. @throws Error when there is none within the time. */
export async function dial(address: string, port: number, timeoutMilliseconds = 20_000): Promise<Socket> {
  const socket = connect({ host: address, port })
  return new Promise((resolve, reject) => {
    socket.setTimeout(timeoutMilliseconds, () => socket.destroy(new Error(`no answer from ${address}`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** Listens on a unix socket, replacing one that a dead process left. */
export async function listenOnSocket(server: HttpServer, path: string): Promise<void> {
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}

/** Ends a server and all of its connections. */
export async function closeServer(server: HttpServer): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
