import { join } from 'node:path'
import { z } from 'zod'
import { AptRefused, type Deb, type PrivateApt } from '../../host/debian-apt.ts'
import * as files from '../../host/files.ts'
import { keyOf, type Cache } from '../../image/index.ts'
import type { Artifact } from '../../model/lock.ts'
import { debianPackageUnknown, debianUnsolvable } from '../../model/problems/install.ts'
import { fetchBlob, isInStore } from './fetch.ts'
import { recipeVersion } from './recipe.ts'
import { type AptPlace, withApt } from './with-apt.ts'
import type { Workshop } from './workshop.ts'

/** The packages of a layer by name, and the time of the youngest. */
export interface PackageSet {
  readonly debs: readonly Deb[]
  /** Seconds; no file in any of the packages is younger. */
  readonly epoch: number
}

/** The packages that every image stands on: what Debian calls essential, and what every web application takes for granted. */
export function basePackages(suite: string): string[] {
  return ['?essential', 'ca-certificates', 'tzdata', ...mergedDirectories(suite)]
}

/** What a Dockerfile takes for granted in an image of Debian. */
export function distributionPackages(suite: string): string[] {
  return ['?essential', '?priority(required)', 'apt', 'debian-archive-keyring', ...mergedDirectories(suite)]
}

/** usrmerge, the other way to get the merged directories, would bring in perl. Bullseye has neither. */
function mergedDirectories(suite: string): string[] {
  return suite === 'bullseye' ? [] : ['usr-is-merged', 'usrmerge-']
}

/**
 * Asks apt which packages `names` come to on top of what `status` says is installed, and fetches them.
 * @throws Problem when a name is unknown, the dependencies cannot be met, or the network fails.
 */
export async function resolvePackages(
  workshop: Workshop,
  names: readonly string[],
  { status, held }: { readonly status: string; readonly held: readonly Artifact[] },
): Promise<PackageSet> {
  const pins = held.filter(({ kind }) => kind === 'deb')
  const debs = await withApt(workshop, async (apt) => {
    try {
      return await apt.resolve(names, { status, pins }, workshop.signal)
    } catch (error) {
      if (error instanceof AptRefused) throw await explainRefusal(error, apt, { workshop, names })
      throw error
    }
  })
  return fetchedSet(workshop, inOrder(debs))
}

/** The packages of a lock as a set; fetches them when their time is not remembered. */
export async function packageSetOf(workshop: Workshop, artifacts: readonly Artifact[]): Promise<PackageSet> {
  const known = await rememberedPackageSet(workshop.store.cache, artifacts)
  if (known) return known
  return fetchedSet(workshop, inOrder(artifacts.map(debOf)))
}

async function fetchedSet(workshop: Workshop, debs: readonly Deb[]): Promise<PackageSet> {
  await fetchDebs(workshop, debs)
  const epoch = await youngest(workshop, debs)
  await workshop.store.cache.rememberAnswer(timeKey(debs), epoch)
  return { debs, epoch }
}

/** The same without asking anybody; undefined when their time is not remembered. */
export async function rememberedPackageSet(
  cache: Cache,
  artifacts: readonly Artifact[],
): Promise<PackageSet | undefined> {
  const debs = inOrder(artifacts.map(debOf))
  const epoch = z.int().safeParse(await cache.answer(timeKey(debs))).data
  return epoch === undefined ? undefined : { debs, epoch }
}

function debOf({ name, version, url, size, sha256 }: Artifact): Deb {
  return { name, version, url, bytes: size, sha256 }
}

/** The name of the answer that says how young some packages are. */
export function timeKey(debs: readonly Deb[]): string {
  return keyOf({ recipeVersion, kind: 'time', debs: debs.map(({ sha256 }) => sha256) })
}

/** A lock is sorted, and so is everything that is made of it. */
function inOrder(debs: readonly Deb[]): Deb[] {
  return debs.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** Fetches those packages that are not in the store. */
export async function fetchDebs(workshop: Workshop, debs: readonly Deb[]): Promise<void> {
  const missing: Deb[] = []
  for (const deb of debs) if (!(await isInStore(workshop, deb))) missing.push(deb)
  const total = missing.reduce((sum, deb) => sum + deb.bytes, 0)
  let done = 0
  const report = progressReporter((bytes) => {
    workshop.emit({ kind: 'progress', step: 'install', what: 'Debian packages', done: bytes, total, unit: 'bytes' })
  })
  const queue = [...missing]
  const fetchAll = async () => {
    for (let deb = queue.shift(); deb; deb = queue.shift()) {
      await fetchBlob(workshop, deb, (bytes) => report((done += bytes)))
    }
  }
  await Promise.all(Array.from({ length: 4 }, fetchAll))
  if (total > 0) report(total)
}

/** Passes on a few numbers a second, and always the last. */
function progressReporter(emit: (done: number) => void): (done: number) => void {
  let last = 0
  return (done) => {
    if (Date.now() - last < 200) return
    last = Date.now()
    emit(done)
  }
}

/** The version of each Debian package that a fresh install would get now. @throws debianIndexFailed */
export function newestPackages(place: AptPlace, names: readonly string[]): Promise<Map<string, string>> {
  return withApt(place, (apt) => apt.candidates(names, place.signal))
}

async function explainRefusal(
  error: AptRefused,
  apt: PrivateApt,
  { workshop, names }: { workshop: Workshop; names: readonly string[] },
): Promise<Error> {
  const { signal } = workshop
  const { suite } = workshop.plan
  const plainNames = names.filter((name) => /^[a-z0-9]/.test(name) && !name.endsWith('-'))
  for (const name of plainNames.map((plain) => plain.replace(/\/.*/, ''))) {
    if (await apt.knows(name, signal)) continue
    return debianPackageUnknown({ name, suite, similar: await apt.similar(name, signal) }, { cause: error })
  }
  return debianUnsolvable({ names, suite, lines: error.lines }, { cause: error })
}

/**
 * The time of the youngest package. dpkg-deb writes a package's changelog date into the first header of the archive
 * (ar format, offset 24), and no file inside is younger (dpkg-deb(1), SOURCE_DATE_EPOCH).
 */
async function youngest(workshop: Workshop, debs: readonly Deb[]): Promise<number> {
  let time = 0
  for (const deb of debs) {
    const head = await files.readStart(workshop.store.blobs.path(`sha256:${deb.sha256}`), 36)
    time = Math.max(time, parseInt(head.toString('latin1', 24), 10) || 0)
  }
  return time
}

/** The dpkg status file as the layers below leave it; empty when there is none. */
export async function installedStatus(layerDirectories: readonly string[]): Promise<string> {
  for (const directory of [...layerDirectories].reverse()) {
    const status = await files.readText(join(directory, 'var/lib/dpkg/status'))
    if (status !== undefined) return status
  }
  return ''
}
