import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Repositories made in a test, and git's own server in front of them. */

const run = promisify(execFile)

/** What git needs to make the same commits on every host. */
const person = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}

/** git as nobody has configured it. */
export async function git(
  directory: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const clean = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  }
  const { stdout } = await run('git', ['-C', directory, ...args], {
    env: { ...clean, ...person, ...env },
    timeout: 30_000,
  })
  return stdout.trim()
}

export class GitServer {
  readonly root: string
  /** Paths and queries of what was asked. */
  readonly asked: string[] = []
  /** `USER:PASSWORD` that it wants to see. */
  password: string | undefined
  readonly #server: Server

  constructor(root: string) {
    this.root = root
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  origin(host: string): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** A bare repository with a working tree beside it, of one commit on `main`. */
  async create(name: string): Promise<string> {
    await mkdir(join(this.root, name), { recursive: true })
    await git(join(this.root, name), ['init', '--quiet', '--bare', '-b', 'main'])
    const tree = await mkdtemp(join(this.root, 'tree-'))
    await git(tree, ['init', '--quiet', '-b', 'main'])
    await git(tree, ['remote', 'add', 'origin', join(this.root, name)])
    await this.commit(tree, 'README', 'first')
    return tree
  }

  /** Commits a file and pushes everything. @returns the commit's id */
  async commit(tree: string, file: string, content: string, ...more: (readonly string[])[]): Promise<string> {
    await writeFile(join(tree, file), content)
    await git(tree, ['add', '.'])
    await git(tree, ['commit', '--quiet', '-m', content])
    for (const args of more) await git(tree, args)
    await git(tree, ['push', '--quiet', '--force', '--all'])
    await git(tree, ['push', '--quiet', '--force', '--tags'])
    return git(tree, ['rev-parse', 'HEAD'])
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://x')
    this.asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const expected = this.password === undefined ? undefined : `Basic ${Buffer.from(this.password).toString('base64')}`
    if (request.headers.authorization !== expected && expected !== undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      return
    }
    const header = (name: string) => String(request.headers[name] ?? '')
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', GIT_PROJECT_ROOT: this.root, GIT_HTTP_EXPORT_ALL: '1' },
      ...{ PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method ?? 'GET' },
      ...{ CONTENT_TYPE: header('content-type'), HTTP_CONTENT_ENCODING: header('content-encoding') },
      ...{ GIT_PROTOCOL: header('git-protocol'), REMOTE_ADDR: '127.0.0.1' },
      ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    }
    const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    request.pipe(backend.stdin)
    backend.stdin.on('error', () => undefined)
    const chunks: Buffer[] = []
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    backend.once('close', () => reply(response, Buffer.concat(chunks)))
  }
}

/** An answer of a CGI program (RFC 3875, 6). */
function reply(response: ServerResponse, output: Buffer): void {
  const end = output.indexOf('\r\n\r\n')
  const headers = output
    .toString('latin1', 0, end)
    .split('\r\n')
    .map((line) => line.split(': '))
  for (const [name = '', value = ''] of headers) if (!/^status$/i.test(name)) response.setHeader(name, value)
  const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200'
  response.writeHead(parseInt(status, 10)).end(output.subarray(end + 4))
}
