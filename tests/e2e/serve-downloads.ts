import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'
import { GitServer } from '../adapters/git-server.ts'

/**
 * Serves the files of a folder on port 80 of its network namespace, and the repositories in it. Argument: the folder.
 * Prints a line when it is ready, and one for each request before it is answered.
 */
const [folder = ''] = process.argv.slice(2)
const repositories = new GitServer(folder)
await repositories.start()
const { port } = new URL(repositories.origin('127.0.0.1'))

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://x').pathname
  process.stdout.write(`${request.method ?? ''} ${path}\n`)
  if (/^\/[^/]+\.git\//.test(path)) passOn(request, response)
  else void sendFile(join(folder, normalize(path)), response)
})

function passOn(request: IncomingMessage, response: ServerResponse): void {
  const { method, url: path, headers } = request
  const asking = ask({ port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  request.pipe(asking)
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const facts = await stat(path).catch(() => undefined)
  if (!facts?.isFile()) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'content-length': facts.size })
  createReadStream(path).pipe(response)
}

process.once('SIGTERM', () => process.exit(0))
server.listen(80, '0.0.0.0', () => process.stdout.write('ready\n'))
