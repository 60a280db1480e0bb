import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProxy } from './proxy.ts'

/** Debian archives that are made in a test, and an apt to ask them. */

const run = promisify(execFile)

/** A key pair of an archive: gpg's home, and the public half as apt reads it. */
export interface ArchiveKey {
  readonly home: string
  readonly keyring: string
}

export async function makeKey(directory: string, name: string): Promise<ArchiveKey> {
  const home = await mkdtemp(join(directory, 'gpg-'))
  const keyring = join(directory, `${name}.gpg`)
  const gpg = ['--homedir', home, '--batch', '--quiet', '--passphrase', '']
  await run('gpg', [...gpg, '--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never'])
  await run('gpg', [...gpg, '--output', keyring, '--export'])
  return { home, keyring }
}

/** Ends gpg's agent, which would outlive the test. */
export async function forgetKey({ home }: ArchiveKey): Promise<void> {
  await run('gpgconf', ['--homedir', home, '--kill', 'all'])
}

export interface TestDeb {
  readonly control: string
  readonly fileName: string
  readonly content: Buffer
}

/**
 * Builds a package without files.
 * @param fields Of its control file; `Architecture: all` and others are set.
 * @param scripts Of its maintainer, by name.
 */
export async function makeDeb(
  directory: string,
  fields: Record<string, string>,
  scripts: Record<string, string> = {},
): Promise<TestDeb> {
  const control = Object.entries({
    ...{ Architecture: 'all', Maintainer: 'Nobody <nobody@example.org>', Description: 'a test\n of berth' },
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
  const root = await mkdtemp(join(directory, 'deb-'))
  await mkdir(join(root, 'tree', 'DEBIAN'), { recursive: true })
  await writeFile(join(root, 'tree', 'DEBIAN', 'control'), control)
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(root, 'tree', 'DEBIAN', name), text, { mode: 0o755 })
  }
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', join(root, 'tree'), root])
  const [fileName = ''] = (await readdir(root)).filter((name) => name.endsWith('.deb'))
  const content = await readFile(join(root, fileName))
  await rm(root, { recursive: true })
  return { control, fileName, content }
}

/** Compresses text as an archive does. */
export async function pack(directory: string, text: string, format: string): Promise<Buffer> {
  const path = join(directory, 'packed')
  await writeFile(path, text)
  const programs: Record<string, string> = { xz: 'xz', gz: 'gzip', bz2: 'bzip2', zst: 'zstd', lz4: 'lz4' }
  const { stdout } = await run(programs[format] ?? format, ['-c', '-q', path], { encoding: 'buffer' })
  return stdout
}

export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex')

/** An index of packages that are kept below `folder`. */
export function packagesOf(debs: readonly TestDeb[], folder: string): string {
  const entries = debs.map(({ control, fileName, content }) => {
    return `${control}Filename: ${folder}${fileName}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`
  })
  return entries.join('\n')
}

/** A release that promises `files`, by path. */
export function releaseOf(fields: Record<string, string>, files: Readonly<Record<string, Buffer | string>>): string {
  const head = Object.entries({ Date: 'Mon, 01 Jun 2026 00:00:00 UTC', ...fields }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const sums = Object.entries(files).map(
    ([path, content]) => ` ${sha256(content)} ${Buffer.byteLength(content)} ${path}`,
  )
  return [...head, 'SHA256:', ...sums, ''].join('\n')
}

/** Signs text with gpg: `clear` makes InRelease, `detach` makes Release.gpg. */
export async function sign(text: string, key: ArchiveKey, how: 'clear' | 'detach'): Promise<Buffer> {
  const path = join(key.home, 'text')
  await rm(`${path}.asc`, { force: true })
  await writeFile(path, text)
  const gpg = ['--homedir', key.home, '--batch', '--quiet', '--armor']
  await run('gpg', [...gpg, how === 'clear' ? '--clear-sign' : '--detach-sign', path])
  return readFile(`${path}.asc`)
}

export interface AptRun {
  readonly code: number
  readonly output: string
  /** Names and versions of what it downloaded. */
  readonly fetched: readonly string[]
}

/** The host's apt in a root of its own, behind a proxy; it runs each command, and stops at the first that fails. */
export async function runApt(
  directory: string,
  setting: {
    readonly proxy: TestProxy
    readonly sources: string
    readonly configuration: string
    readonly status?: string
    readonly preferences?: string
  },
  commands: readonly (readonly string[])[],
): Promise<AptRun> {
  const root = await mkdtemp(join(directory, 'apt-'))
  for (const name of ['lists/partial', 'archives/partial', 'empty']) await mkdir(join(root, name), { recursive: true })
  await writeFile(join(root, 'sources.list'), setting.sources)
  await writeFile(join(root, 'status'), setting.status ?? '')
  await writeFile(join(root, 'preferences'), setting.preferences ?? '')
  await writeFile(join(root, 'apt.conf'), `${setting.configuration}\n${isolatedIn(root, setting.proxy.url)}`)
  let output = ''
  for (const command of commands) {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', APT_CONFIG: join(root, 'apt.conf') }
    const result = await run('apt-get', [...command], { env, timeout: 30_000 }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    )
    output += result.stdout + result.stderr
    if (result.code !== 0) return { code: result.code, output, fetched: [] }
  }
  const names = (await readdir(join(root, 'archives'))).filter((name) => name.endsWith('.deb'))
  return { code: 0, output, fetched: names.map((name) => decodeURIComponent(name).replace(/_[^_]+$/, '')).sort() }
}

function isolatedIn(root: string, proxy: string): string {
  const settings = {
    ...{
      'Acquire::http::Proxy': proxy,
      'APT::Architecture': 'amd64',
      'APT::Sandbox::User': 'root',
      'Acquire::Retries': '0',
    },
    ...{ 'Dir::State': root, 'Dir::State::lists': join(root, 'lists'), 'Dir::State::status': join(root, 'status') },
    ...{ 'Dir::Cache': root, 'Dir::Cache::archives': join(root, 'archives') },
    ...{ 'Dir::Etc::sourcelist': join(root, 'sources.list'), 'Dir::Etc::sourceparts': join(root, 'empty') },
    ...{ 'Dir::Etc::parts': join(root, 'empty'), 'Dir::Etc::main': '/dev/null' },
    ...{ 'Dir::Etc::preferences': join(root, 'preferences'), 'Dir::Etc::preferencesparts': join(root, 'empty') },
    ...{ 'Dir::Etc::trusted': '/dev/null', 'Dir::Etc::trustedparts': join(root, 'empty') },
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  return `${lines.join('')}#clear APT::Architectures;\nAPT::Architectures:: "amd64";\n`
}
