import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptConfiguration } from '../../src/proxy/adapters/debian-client.ts'
import { heldFiles } from '../../src/proxy/adapters/debian-held.ts'
import { debianWithKeyrings } from '../../src/proxy/adapters/debian.ts'
import type { MakeAdapter } from '../../src/proxy/adapter.ts'
import type { Session } from '../../src/proxy/session.ts'
import * as archives from './debian-archive.ts'
import { LoopbackServer, replaying, startTestProxy } from './proxy.ts'

interface Suite {
  readonly debs: readonly archives.TestDeb[]
  readonly key?: archives.ArchiveKey
  readonly release?: Record<string, string>
}

/** What the tests of Debian's adapter share: archives on one server, keys, and apt behind the proxy. */
export class DebianSetting {
  readonly directory: string
  readonly server = new LoopbackServer()
  /** Of which the host knows the public half. */
  readonly known: archives.ArchiveKey
  readonly stranger: archives.ArchiveKey
  readonly make: MakeAdapter

  private constructor(directory: string, keys: { known: archives.ArchiveKey; stranger: archives.ArchiveKey }) {
    this.directory = directory
    this.known = keys.known
    this.stranger = keys.stranger
    this.make = debianWithKeyrings(join(directory, 'keyrings'))
  }

  static async create(): Promise<DebianSetting> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-debian-'))
    await mkdir(join(directory, 'keyrings'))
    const known = await archives.makeKey(join(directory, 'keyrings'), 'known')
    const setting = new DebianSetting(directory, { known, stranger: await archives.makeKey(directory, 'stranger') })
    await setting.server.start()
    return setting
  }

  async close(): Promise<void> {
    this.server.stop()
    for (const key of [this.known, this.stranger]) await archives.forgetKey(key)
    await rm(this.directory, { recursive: true })
  }

  get archive(): string {
    return this.server.origin('deb.example.org')
  }

  /** Puts a suite with one component into an archive; `detached` makes Release and Release.gpg. */
  async publish(base: string, suite: string, { debs, key = this.known, release = {} }: Suite, detached = false) {
    const { files } = this.server
    const packages = archives.packagesOf(debs, 'pool/main/')
    const root = `${base}dists/${suite}/`
    const promised = { 'main/binary-amd64/Packages': packages }
    const fields = { Codename: suite, Components: 'main', Architectures: 'amd64', ...release }
    const text = archives.releaseOf(fields, promised)
    if (detached) {
      files.set(`${root}Release`, text)
      files.set(`${root}Release.gpg`, await archives.sign(text, key, 'detach'))
    } else files.set(`${root}InRelease`, await archives.sign(text, key, 'clear'))
    files.set(`${root}main/binary-amd64/Packages`, packages)
    for (const { fileName, content } of debs) files.set(`${base}pool/main/${fileName}`, content)
  }

  deb(Package: string, Version: string, fields: Record<string, string> = {}) {
    return archives.makeDeb(this.directory, { Package, Version, ...fields })
  }

  source(path: string, rest = 'stable main', key = this.known): string {
    return `deb [signed-by=${key.keyring}] ${this.archive}${path} ${rest}\n`
  }

  /** One session: its proxy, and apt behind it. */
  async session(how: Session, sources: string, commands: readonly (readonly string[])[], make = this.make) {
    await using proxy = await startTestProxy(this.directory, how, make)
    const configuration = aptConfiguration(how.mode)
    // As an image has it while a lock is renewed.
    const [heldSources = '', preferences = ''] = how.mode === 'record' ? Object.values(heldFiles(how.held)) : []
    const setting = { proxy, sources: sources + heldSources, configuration, preferences }
    const apt = await archives.runApt(this.directory, setting, commands)
    const { artifacts, missing, failure } = proxy.proxy
    const { notices } = proxy
    return { apt, artifacts, missing, failure, notices, replay: replaying(this.directory, proxy.proxy) }
  }
}

/** Has apt fetch packages. */
export function install(...names: string[]): string[][] {
  return [['update'], ['-y', '--download-only', 'install', ...names]]
}
