import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** A machine somewhere: greets by its name and the address that was reached. Arguments: name and ports. */
const [name = '', ...ports] = process.argv.slice(2)
await Promise.all(
  ports.map(async (port) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(`${name} ${socket.localAddress}:${socket.localPort} hears ${socket.remoteAddress}`)
    })
    await new Promise<void>((resolve) => server.listen(Number(port), '0.0.0.0', resolve))
    const echo = createSocket('udp4')
    echo.on('message', (_, from) => echo.send(`${name} by UDP`, from.port, from.address))
    await new Promise<void>((resolve) => echo.bind(Number(port), '0.0.0.0', resolve))
  }),
)
process.stdout.write('ready\n')
