import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pypi } from '../../src/proxy/adapters/pypi.ts'
import type { Session } from '../../src/proxy/session.ts'
import { get, replaying, startTestProxy, type TestProxy } from './proxy.ts'
import { TestIndex } from './pypi-server.ts'

const run = promisify(execFile)
export const json = 'application/vnd.pypi.simple.v1+json'
export const asJson = { headers: { accept: json } }

export interface Page {
  readonly meta: Record<string, unknown>
  readonly versions: readonly string[]
  readonly files: readonly Record<string, unknown>[]
}

/** What the tests of Python's adapter share: an index, and proxies between it and pip. */
export class PypiSetting {
  readonly directory: string
  readonly index: TestIndex

  private constructor(directory: string, index: TestIndex) {
    this.directory = directory
    this.index = index
  }

  static async make(): Promise<PypiSetting> {
    return new PypiSetting(await mkdtemp(join(tmpdir(), 'berth-pypi-')), await TestIndex.start())
  }

  async remove(): Promise<void> {
    this.index.stop()
    await rm(this.directory, { recursive: true })
  }

  start(session: Session): Promise<TestProxy> {
    return startTestProxy(this.directory, session, pypi)
  }

  /** Replays what has been recorded so far. */
  replay({ proxy }: TestProxy): Promise<TestProxy> {
    return this.start(replaying(this.directory, proxy))
  }

  file(name: string): string {
    return `${this.index.origin}/files/${name}`
  }

  /** What a client of today gets for a project. */
  async page(proxy: TestProxy, name: string): Promise<Page> {
    const { status, headers, body } = await get(proxy, `${this.index.origin}/simple/${name}/`, asJson)
    assert.deepEqual([status, headers['content-type']], [200, json], body)
    return JSON.parse(body) as Page
  }

  /** The real pip of this host, which knows nothing but the proxy. @returns what it has installed */
  async pip({ url }: TestProxy, ...args: string[]): Promise<string[]> {
    const target = await mkdtemp(join(this.directory, 'target-'))
    const options = ['--disable-pip-version-check', '--no-cache-dir', '--no-compile', '--trusted-host', 'index.example']
    const from = ['--retries', '0', '-i', `${this.index.origin}/simple/`, '-t', target]
    const env = { PATH: process.env['PATH'] ?? '', HOME: target, PIP_CONFIG_FILE: '/dev/null', http_proxy: url }
    await run('python3', ['-m', 'pip', 'install', ...options, ...from, ...args], { env, timeout: 50_000 })
    const names = await readdir(target)
    return names.flatMap((name) => (name.endsWith('.dist-info') ? [name.replace('.dist-info', '')] : [])).sort()
  }
}

/** Names and versions of what has been recorded. */
export function lines({ proxy }: TestProxy): string[] {
  return proxy.artifacts.map(({ name, version }) => `${name} ${version}`).sort()
}
