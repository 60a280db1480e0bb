import { link, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathsOf } from '../../src/host/instance.ts'
import type { Event } from '../../src/model/events.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { TestBerth } from './test-berth.ts'

/**
 * Builds locked applications in a home of its own, which gets nothing but what their locks name, and says what came of each:
 * run by a test inside a network namespace that leads nowhere. Arguments: the blobs of another home, and as JSON a list of
 * folders with the settings of each.
 */
export interface OfflineBuilds {
  readonly interfaces: readonly string[]
  readonly builds: Readonly<Record<string, readonly Event[]>>
}

const [blobs = '', list = '[]'] = process.argv.slice(2)
const orders = JSON.parse(list) as { folder: string; settings: readonly string[] }[]
delete process.env['BERTH_TEST_CACHE']
await using berth = await TestBerth.create()
// Of the namespace that this process is in; /sys may show another.
const devices = (await readFile('/proc/self/net/dev', 'utf8')).matchAll(/^ *(\S+):/gm)
const interfaces = [...devices].map(([, name = '']) => name)

const own = pathsOf(berth.instance).blobs
await mkdir(own, { recursive: true })
for (const { folder } of orders) await takeOver(folder)

/** Instead of a download: the same bytes, which are checked as a download is. */
async function takeOver(folder: string): Promise<void> {
  const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
  const there = new Set(await readdir(own))
  for (const sha256 of new Set(artifacts.map((artifact) => artifact.sha256))) {
    if (!there.has(sha256)) await link(join(blobs, sha256), join(own, sha256)).catch(whenEmpty)
  }
}

/** That a server has nothing is in a lock as well, and nothing to take over. */
function whenEmpty(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

const builds: Record<string, readonly Event[]> = {}
const queue = [...orders]
const work = async () => {
  for (let order = queue.shift(); order; order = queue.shift()) {
    const { folder, settings } = order
    const { events } = await berth.events('build', folder, '--locked', ...settings.flatMap((set) => ['--set', set]))
    builds[folder] = events.filter(({ kind }) => kind === 'layer' || kind === 'built' || kind === 'problem')
  }
}
// As many as this machine has processors for.
await Promise.all([work(), work()])
process.stdout.write(JSON.stringify({ interfaces, builds } satisfies OfflineBuilds))
