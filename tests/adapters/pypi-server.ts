import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sha256Of, type TestFile } from './pypi-packages.ts'

/** An index at `http://index.example:PORT/simple/`, which only a proxy that looks for it on loopback can reach. */
export class TestIndex {
  /** Method, path and range of what was asked for. */
  asked: string[] = []
  /** Whether it knows PEP 691, and with it times. */
  speaksJson = true
  projects: Readonly<Record<string, readonly TestFile[]>> = {}
  /** What it answers instead, by path. */
  readonly instead = new Map<string, { status?: number; headers?: Record<string, string>; body: string }>()
  /** Of the last request. */
  headers: IncomingMessage['headers'] = {}
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const { status, headers, body } = this.#answer(request)
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
    })
  }

  static async start(): Promise<TestIndex> {
    const index = new TestIndex()
    await new Promise<void>((resolve) => index.#server.listen(0, '127.0.0.1', () => resolve()))
    return index
  }

  /** Where it is, without a path. */
  get origin(): string {
    return `http://index.example:${(this.#server.address() as AddressInfo).port}`
  }

  reset(): void {
    this.projects = {}
    this.asked = []
    this.speaksJson = true
    this.instead.clear()
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer({ method = '', url = '', headers }: IncomingMessage): Answer {
    this.asked.push([method, url, headers.range].filter((part) => part !== undefined).join(' '))
    this.headers = headers
    const special = this.instead.get(url)
    if (special) {
      const { status = 200, headers: more = {}, body } = special
      return { status, headers: { 'content-type': 'text/html', ...more }, body }
    }
    const [, project] = /^\/simple\/([^/]+)\/$/.exec(url) ?? []
    const files = project === undefined ? undefined : this.projects[project]
    if (files && this.speaksJson) return answer(200, 'application/vnd.pypi.simple.v1+json', jsonOf(files))
    if (files) return answer(200, 'text/html', files.map(({ file }) => `<a href="../../files/${file}">x</a>`).join(''))
    const all = Object.values(this.projects).flat()
    const path = decodeURIComponent(url.replace('/files/', ''))
    const document = all.find(({ file }) => `${file}.metadata` === path)
    if (document) return answer(200, 'text/plain', document.metadata ?? '')
    const found = all.find(({ file }) => file === path)
    return found ? part(found.content, headers.range) : answer(404, 'text/plain', 'there is none')
  }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | number>
  readonly body: string | Buffer
}

function answer(status: number, type: string, body: string): Answer {
  return { status, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) }, body }
}

function part(content: Buffer, range: string | undefined): Answer {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  const headers = { 'accept-ranges': 'bytes', 'content-type': 'application/zip' }
  if (first === '' && last === '') {
    return { status: 200, headers: { ...headers, 'content-length': content.length }, body: content }
  }
  const start = first === '' ? Math.max(0, content.length - Number(last)) : Number(first)
  const end = first === '' || last === '' ? content.length : Math.min(content.length, Number(last) + 1)
  const body = content.subarray(start, end)
  const contentRange = `bytes ${start}-${end - 1}/${content.length}`
  return { status: 206, headers: { ...headers, 'content-range': contentRange, 'content-length': body.length }, body }
}

function jsonOf(files: readonly TestFile[]): string {
  return JSON.stringify({
    meta: { 'api-version': '1.1' },
    files: files.map(({ file, content, uploaded, yanked = false, requiresPython, hashes, metadata }) => ({
      filename: file,
      url: `../../files/${encodeURIComponent(file)}`,
      hashes: hashes ?? { sha256: sha256Of(content) },
      size: content.length,
      'upload-time': uploaded,
      'requires-python': requiresPython ?? null,
      yanked,
      ...(metadata === undefined ? {} : { 'core-metadata': { sha256: sha256Of(metadata) } }),
    })),
  })
}
