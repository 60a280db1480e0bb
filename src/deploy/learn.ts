import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { copyDiskImage } from '../host/disk-image.ts'
import { mkdir, mkdtemp, removeTree } from '../host/files.ts'
import { findProgram } from '../host/programs.ts'
import { resolveHost } from '../host/sockets.ts'
import { traceProcess, type Trace } from '../host/trace.ts'
import { covers } from '../model/addresses.ts'
import { parseEgress } from '../model/egress.ts'
import type { Emit } from '../model/events.ts'
import type { Learned } from '../model/learned.ts'
import { releaseName } from '../model/names.ts'
import { learnImpossible } from '../model/problems/isolation.ts'
import { appNeverDeployed } from '../model/problems/state.ts'
import type { Release } from '../model/release.ts'
import type { SandboxSpec } from '../model/sandbox.ts'
import { linkAt, nameServerOf } from '../steps/start/links.ts'
import { sandboxId, servingSpec } from '../steps/start/spec.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import type { Berth } from './berth.ts'
import { specInputFor } from './environment.ts'
import { addressOf } from './routing.ts'
import { startServing } from './start-serving.ts'

export interface AskedLearn {
  readonly app: string
  readonly seconds: number
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Runs a copy of the current release, with a copy of its volumes, and watches what it asks of the kernel.
 * @throws learnImpossible
 */
export async function learn(berth: Berth, { app: name, seconds, emit, signal }: AskedLearn): Promise<Learned> {
  const app = berth.state.apps.get(name)
  if (app.currentRelease === undefined) throw appNeverDeployed({ app: name })
  const release = berth.state.releases.get(app, app.currentRelease)
  await requireMeans(release)
  const input = await specInputFor(berth, app, release)
  const id = sandboxId(name, input.sandboxNumber)
  const record = berth.state.sandboxes.add(app, { id, release: release.number })
  await mkdir(berth.paths.temporary, { recursive: true, mode: 0o711 })
  const folder = await mkdtemp(join(berth.paths.temporary, 'trial-'))
  try {
    const serving = servingSpec(input, linkAt(berth.block, record.link), nameServerOf(berth.block))
    const spec = await withCopies({ ...serving, syscalls: [] }, folder)
    const traced = await trial(berth, { spec, release, record, seconds, emit, signal })
    const { used, unused } = await usedItems(release.run.egress, traced.reached)
    const { allowedNow } = traced
    const place = { app: name, release: releaseName(release.number) }
    return { ...place, seconds, syscalls: [...traced.calls], allowedNow, used, unused }
  } finally {
    await berth.isolator.stop(id, 0).catch((error: unknown) => berth.log(`${id}: ${String(error)}`))
    berth.state.sandboxes.remove(id)
    berth.endings.forget(id)
    await removeTree(folder)
  }
}

async function requireMeans({ run }: Release): Promise<void> {
  if (run.level !== 'container') {
    throw learnImpossible({ why: `it runs at the level ${run.level}, and only \`container\` narrows system calls` })
  }
  if ((await findProgram('strace')) === undefined) {
    throw learnImpossible({ why: '`strace`, which watches it, is missing: apt-get install strace' })
  }
}

/** What the trial writes is no part of what the application keeps. */
async function withCopies(spec: SandboxSpec, folder: string): Promise<SandboxSpec> {
  const volumes = await Promise.all(
    spec.volumes.map(async ({ target, image }, index) => {
      const source = join(folder, String(index))
      if (!image) return { source, target }
      const file = `${source}.ext4`
      await copyDiskImage(image.file, file)
      return { source, target, image: { ...image, file } }
    }),
  )
  return { ...spec, volumes }
}

interface Trial {
  readonly spec: SandboxSpec
  readonly release: Release
  readonly record: SandboxRecord
  readonly seconds: number
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Traced, everything takes several times as long. */
const patience = 4

async function trial(berth: Berth, { spec, release, record, seconds, emit, signal }: Trial) {
  const ended = berth.endings.of(spec.id)
  let trace: Trace | undefined
  const hooks = {
    beforeStart: async (pid: number) => {
      trace = await traceProcess(pid)
    },
  }
  const outcome = await startServing(berth, { spec, release, record, ended, hooks, patience, signal })
  if (outcome.kind !== 'healthy') throw learnImpossible({ why: 'the copy did not answer its health check' })
  emit({
    kind: 'notice',
    message: `use the copy for ${seconds} s, from this host: http://${addressOf(berth, record)}/`,
  })
  await Promise.race([sleep(seconds * 1000, undefined, { signal }), ended])
  if (!trace) throw new Error('nothing was traced')
  return { ...(await trace.stop()), allowedNow: berth.isolator.allowedCalls }
}

/** A name is taken for used when something that it leads to now was reached at its port. */
async function usedItems(items: readonly string[], reached: readonly string[]) {
  const marked = await Promise.all(items.map(async (item) => ({ item, isUsed: await isUsed(item, reached) })))
  const pick = (wanted: boolean) => marked.filter(({ isUsed: used }) => used === wanted).map(({ item }) => item)
  return { used: pick(true), unused: pick(false) }
}

async function isUsed(item: string, reached: readonly string[]): Promise<boolean> {
  const parsed = parseEgress(item)
  if ('fault' in parsed) return true
  const { egress } = parsed
  const places = reached.map((place) => place.split(':'))
  if (egress.kind === 'internet') return places.length > 0
  const atPort = places.filter(([, port]) => Number(port) === egress.port).map(([address = '']) => address)
  if (egress.kind === 'network') return atPort.some((address) => covers(egress.network, address))
  // What is below a name cannot be listed.
  if (egress.anyBelow) return true
  const addresses = await resolveHost(egress.name).catch((): string[] => [])
  return atPort.some((address) => addresses.includes(address))
}
