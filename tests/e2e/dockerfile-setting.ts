import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { git, GitServer } from '../adapters/git-server.ts'
import type { DockerfileApp } from './dockerfile-apps.ts'
import type { DownloadServer } from './download-server.ts'
import type { OfflineBuilds } from './offline-build.ts'
import { repository, type TestBerth } from './test-berth.ts'

/** What Dockerfiles find around them. */

const run = promisify(execFile)

/** Fills a server with what `downloads` asks for. @returns the sum of its archive. */
export async function fill(server: DownloadServer): Promise<string> {
  await writeFile(join(server.folder, 'notes.txt'), 'notes')
  await writeFile(join(server.folder, 'index.html'), 'site')
  const archive = join(server.folder, 'site.tar.gz')
  await run('tar', ['--create', '--gzip', '--file', archive, '--directory', server.folder, 'index.html'])
  const repositories = new GitServer(server.folder)
  const tree = await repositories.create('tools.git')
  await git(tree, ['tag', 'v1'])
  await git(tree, ['push', '--quiet', '--tags'])
  await repositories.create('lib.git')
  const parts = await repositories.create('parts.git')
  await git(parts, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../lib.git', 'lib'])
  await repositories.commit(parts, 'notes', 'with a part')
  return createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
}

/** A copy of an example that is named after the app, with what it needs of a manifest. */
export async function folderOf(berth: TestBerth, { name, example = name, install }: DockerfileApp): Promise<string> {
  const folder = await berth.folder(`examples/dockerfiles/${example}`)
  const manifest = await readFile(join(folder, 'berth.toml'), 'utf8').catch(() => '')
  const section = install === undefined ? '' : `\n[install]\n${install}\n`
  await writeFile(join(folder, 'berth.toml'), `name = "${name}"\n${manifest.replace(/^name = .*$/m, '')}${section}`)
  if (example === 'downloads') await makeBundle(folder)
  return folder
}

export function settingsOf({ settings = {} }: DockerfileApp): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${value}`)
}

/** Options of a command that builds it. */
export function given(app: DockerfileApp): string[] {
  return settingsOf(app).flatMap((setting) => ['--set', setting])
}

/** An archive in a source tree, which is no file of the repository. */
async function makeBundle(folder: string): Promise<void> {
  const inside = join(folder, 'inside')
  await mkdir(inside)
  await writeFile(join(inside, 'inner.txt'), 'inner')
  await run('tar', ['--create', '--file', join(folder, 'bundle.tar'), '--directory', inside, 'inner.txt'])
}

/** Builds where there is no network but loopback, in a home that has never seen anything. */
export async function buildOffline(blobs: string, orders: readonly object[]): Promise<OfflineBuilds> {
  const inside = 'ip link set lo up && exec "$@"'
  const program = [process.execPath, join(repository, 'tests/e2e/offline-build.ts'), blobs, JSON.stringify(orders)]
  const child = spawn('unshare', ['--net', 'sh', '-c', inside, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once('close', resolve))])
  assert.equal(code, 0, output)
  return JSON.parse(output) as OfflineBuilds
}
