import { createServer } from 'node:http'

/**
 * An application behind the front: says who it is, and ends after its requests when told by SIGTERM. It answers `/held` when
 * `/release` is asked for.
 */
const [name, port = '80'] = process.argv.slice(2)
let posts = 0
let release: (() => void) | undefined
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    if (request.method === 'POST') posts += 1
    if (request.url === '/break') return void request.socket.destroy()
    const answer = { name, posts, body, headers: request.headers }
    const end = () => void response.end(JSON.stringify(answer))
    if (request.url === '/held') return void (release = end)
    if (request.url === '/release') release?.()
    setTimeout(end, request.url === '/slow' ? 700 : 0)
  })
})
// After a pause it would close kept connections in which a request has just arrived.
server.keepAliveTimeout = 0
server.listen(Number(port), '0.0.0.0', () => process.stdout.write('ready\n'))
process.once('SIGTERM', () => server.close(() => process.exit(0)))
