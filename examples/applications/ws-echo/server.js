import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'

/** Each visitor has it talk to itself through a websocket, with compression. */
const server = createServer((_request, response) => {
  const socket = new WebSocket(`ws://localhost:${process.env.PORT}/`, { perMessageDeflate: true })
  socket.once('open', () => socket.send('hello by websocket'.repeat(100)))
  socket.once('message', (data) => {
    response.end(`heard ${String(data).length}\n`)
    socket.close()
  })
  socket.once('error', (error) => response.writeHead(500).end(String(error)))
})
new WebSocketServer({ server, perMessageDeflate: true }).on('connection', (socket) =>
  socket.on('message', (data) => socket.send(data)),
)
server.listen(process.env.PORT)
