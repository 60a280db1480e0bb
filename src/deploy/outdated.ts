import type { Emit } from '../model/events.ts'
import type { Artifact, Lock } from '../model/lock.ts'
import { parseLock } from '../model/lock-file.ts'
import { suiteOf } from '../model/packages/debian-source.ts'
import { messageOf, Problem } from '../model/problem.ts'
import { registriesSilent } from '../model/problems/supply-chain.ts'
import type { LockChoice, OutdatedPackage, UnknownPackage } from '../model/supply-chain.ts'
import { compareVersions } from '../model/versions/compare.ts'
import { findNewest, type Looking, type Newest } from '../proxy/newest/index.ts'
import { Upstream } from '../proxy/upstream.ts'
import { heldBy, newestPackages, pythonIndexes } from '../steps/install/index.ts'
import type { Berth } from './berth.ts'
import { step } from './journal.ts'
import { requireLockOf } from './locking.ts'

interface Asked {
  readonly choice: LockChoice
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Every version that is locked of one package. */
type Package = readonly [Artifact, ...Artifact[]]

type Finding =
  { readonly kind: 'newest'; readonly newest: Newest } | { readonly kind: 'unknown'; readonly reason: string }

/** Asks each registry what it has now, and tells of what could move. Changes nothing. @throws registriesSilent */
export async function outdated(berth: Berth, { choice, emit, signal }: Asked): Promise<void> {
  using held = await berth.busy.holdStore()
  const lock = await lockFor(berth, choice)
  const packages = packagesOf(lock)
  await step('install', emit, async () => {
    const findings = await findAll(berth, lock, { packages, emit, signal })
    const unknown = packages.flatMap((each, index) => unknownOf(each, findings[index]))
    if (unknown.length === packages.length && unknown[0]) throw registriesSilent({ reason: unknown[0].reason })
    const older = packages.flatMap((each, index) => outdatedOf(lock, each, findings[index]))
    const summary = `${packages.length} packages looked up`
    return { result: { older, unknown }, summary }
  }).then(({ older, unknown }) => emit({ kind: 'outdated', asked: packages.length, packages: older, unknown }))
}

async function lockFor(berth: Berth, choice: LockChoice): Promise<Lock> {
  if ('lock' in choice) return parseLock(choice.lock, choice.lockPath)
  const app = berth.state.apps.get(choice.app)
  return requireLockOf(berth, berth.state.releases.get(app, app.currentRelease ?? 0))
}

/** What has a registry, by kind and name; Go's lock also names modules of which only the requirements are read. */
function packagesOf({ artifacts }: Lock): Package[] {
  const asked = artifacts.filter(
    ({ kind, url }) => kind === 'deb' || (kind in findNewest && !isGoDescription(kind, url)),
  )
  const byName = Map.groupBy(asked, ({ kind, name }) => `${kind} ${name}`)
  return [...byName.values()].flatMap(([first, ...others]) => (first ? [[first, ...others] as const] : []))
}

function isGoDescription(kind: Artifact['kind'], url: string): boolean {
  return kind === 'go' && !url.endsWith('.zip')
}

interface Search {
  readonly packages: readonly Package[]
  readonly emit: Emit
  readonly signal: AbortSignal
}

async function findAll(berth: Berth, lock: Lock, { packages, emit, signal }: Search): Promise<Finding[]> {
  let done = 0
  const report = (count: number) => {
    done += count
    emit({ kind: 'progress', step: 'install', what: 'looked up', done, total: packages.length, unit: 'packages' })
  }
  const looking = await lookingFor(berth, lock, signal)
  const debs = packages.filter(([{ kind }]) => kind === 'deb').map(([{ name }]) => name)
  const debian = findDebs(berth, lock, { names: debs, signal }).finally(() => report(debs.length))
  const findings: Finding[] = []
  const queue = [...packages.entries()]
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, [artifact]] = next
      signal.throwIfAborted()
      if (artifact.kind === 'deb') findings[index] = await debian.then((find) => find(artifact.name))
      else findings[index] = await findOne(artifact, looking).finally(() => report(1))
    }
  }
  // Debian is asked once for all of its packages, so the others do not have to wait behind them.
  queue.sort(([, [one]], [, [other]]) => Number(one.kind === 'deb') - Number(other.kind === 'deb'))
  await Promise.all([...Array.from({ length: atOnce }, work), debian])
  return findings
}

const atOnce = 6

async function lookingFor(berth: Berth, lock: Lock, signal: AbortSignal): Promise<Looking> {
  const upstream = new Upstream()
  return {
    ask: async (url, asking) => {
      signal.throwIfAborted()
      return upstream.ask(url, asking)
    },
    asOf: lock.asOf === undefined ? undefined : new Date(lock.asOf),
    pythonIndexes: await pythonIndexes(berth.images.cache, process.env),
  }
}

async function findOne(artifact: Artifact, looking: Looking): Promise<Finding> {
  // What the toolchain is made of is as young as it can be, whatever the application's day is.
  const seen = artifact.part === 'toolchain' ? { ...looking, asOf: undefined } : looking
  try {
    const newest = await findNewest[artifact.kind]?.(artifact, seen)
    return newest ? { kind: 'newest', newest } : { kind: 'unknown', reason: 'it has no registry' }
  } catch (error) {
    return { kind: 'unknown', reason: messageOf(error) }
  }
}

/** Asks apt about all packages of Debian at once. */
async function findDebs(
  { instance, images: store }: Berth,
  lock: Lock,
  { names, signal }: { names: readonly string[]; signal: AbortSignal },
): Promise<(name: string) => Finding> {
  const suite = suiteOf(lock)
  if (names.length === 0 || suite === undefined) {
    return () => ({ kind: 'unknown', reason: 'the lock does not tell its Debian release' })
  }
  try {
    const newest = await newestPackages({ instance, signal, store, plan: { suite } }, names)
    return (name) => {
      const version = newest.get(name)
      const reason = `Debian ${suite} no longer has it`
      return version === undefined ? { kind: 'unknown', reason } : { kind: 'newest', newest: { version } }
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return () => ({ kind: 'unknown', reason: error.message })
  }
}

function outdatedOf(lock: Lock, [first, ...others]: Package, finding: Finding | undefined): OutdatedPackage[] {
  if (finding?.kind !== 'newest') return []
  const { kind, name } = first
  const locked = [...new Set([first, ...others].map(({ version }) => version))]
  const highest = locked.toSorted((one, other) => compareVersions(kind, one, other)).at(-1) ?? ''
  const { version: newest } = finding.newest
  if (compareVersions(kind, newest, highest) <= 0) return []
  const held = heldBy(lock, first, finding.newest)
  return [{ kind, name, locked: locked.join(' '), newest, ...(held === undefined ? {} : { heldBy: held }) }]
}

function unknownOf([{ kind, name }]: Package, finding: Finding | undefined): UnknownPackage[] {
  return finding?.kind === 'unknown' ? [{ kind, name, reason: finding.reason }] : []
}
