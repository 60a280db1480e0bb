import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { readUntrusted } from '../../host/files.ts'
import { instanceFrom, type Instance } from '../../host/instance.ts'
import { parseLock } from '../../model/lock-file.ts'
import { parseManifest } from '../../model/parse-manifest.ts'
import { eventOf } from '../../model/problem-event.ts'
import { applyInstall, gatherTreeFacts, planInstall } from '../../steps/install/index.ts'
import { problemOf } from '../failure.ts'
import { RebuildOrder, type RebuildLine } from './order.ts'

/**
 * A process of its own that builds an image of a source tree and a lock, and of nothing else: `rebuild.ts` starts it in
 * surroundings that differ from the daemon's in everything that should not matter. The order comes on standard input.
 */

// As the daemon does: what berth writes does not depend on who called it.
process.umask(0o022)
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
void carryOut()

async function carryOut(): Promise<void> {
  try {
    await rebuild(RebuildOrder.parse(JSON.parse(await text(process.stdin))))
  } catch (error) {
    const problem = problemOf(error, { action: 'rebuild', signal: ending.signal, log: 'the log of the daemon' })
    if (problem.code === 'internal-error')
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    say({ kind: 'problem', problem: eventOf(problem) })
  }
}

async function rebuild(order: RebuildOrder): Promise<void> {
  const { app, treeDir, treeDigest, lock, lockPath, secrets } = order
  const manifest = order.manifest ?? (await readUntrusted(join(treeDir, 'berth.toml'))) ?? ''
  const plan = planInstall(parseManifest(manifest, 'berth.toml'), await gatherTreeFacts(treeDir))
  const { image } = await applyInstall(plan, {
    ...{ app, treeDir, treeDigest, instance: instanceOf(order), signal: ending.signal },
    emit: (event) => say({ kind: 'event', event }),
    secret: (id) => Promise.resolve(Object.hasOwn(secrets, id) ? secrets[id] : undefined),
    locking: { mode: 'follow', lock: parseLock(lock, lockPath), file: lockPath },
  })
  say({ kind: 'image', image })
}

function instanceOf({ home, run, name }: RebuildOrder): Instance {
  return { ...instanceFrom({ BERTH_HOME: home, BERTH_RUN: run }), name }
}

function say(line: RebuildLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
