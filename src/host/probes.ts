import { createConnection } from 'node:net'
import { hasCode } from './files.ts'

/** Whether something on this host answers on a TCP port of its loopback address. */
export function isPortTaken(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 2000 })
    const settle = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(true))
    socket.once('error', (error) => (hasCode(error, 'ECONNREFUSED') ? settle(false) : reject(error)))
  })
}
