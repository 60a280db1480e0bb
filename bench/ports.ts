import { createServer, type AddressInfo } from 'node:net'

/** Five ports of loopback that are free now; all are held until the last is chosen, so that they differ. */
export async function freePorts(): Promise<[number, number, number, number, number]> {
  const ports = await Promise.all([hold(), hold(), hold(), hold(), hold()])
  await Promise.all(ports.map(({ release }) => release()))
  const [a, b, c, d, e] = ports
  return [a.port, b.port, c.port, d.port, e.port]
}

async function hold(): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { port, release: () => new Promise((resolve) => server.close(() => resolve())) }
}
