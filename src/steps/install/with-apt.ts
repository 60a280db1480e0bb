import { AptRefused, PrivateApt, type AptSources } from '../../host/debian-apt.ts'
import { findDebianMirror } from '../../host/debian-mirror.ts'
import { download, DownloadRefused } from '../../host/download.ts'
import { exists } from '../../host/files.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import {
  debianIndexFailed,
  debianKeyringMissing,
  debianMirrorUnknown,
  downloadFailed,
} from '../../model/problems/install.ts'
import { debianArchitecture } from './architecture.ts'
import type { Locking } from './locking.ts'
import { pastMirror, pastOf } from './past-mirror.ts'
import type { Workshop } from './workshop.ts'

/** What asking apt needs of a workshop. */
export type AptPlace = Pick<Workshop, 'instance' | 'signal'> & {
  readonly store: Pick<Workshop['store'], 'cache'>
  readonly plan: Pick<Workshop['plan'], 'suite'>
  readonly locking?: Locking
}

/**
 * Asks apt for a suite, whose lists are fetched once in a build. apt's own files are for one at a time.
 * @throws debianIndexFailed
 */
export function withApt<Answer>(place: AptPlace, ask: (apt: PrivateApt) => Promise<Answer>): Promise<Answer> {
  return oneAtATime(`apt ${place.instance.home} ${aptFolder(place)}`, async () => ask(await openApt(place)))
}

function aptFolder({ plan, locking }: Pick<AptPlace, 'plan' | 'locking'>): string {
  return `apt-${plan.suite}${pastOf(locking) === undefined ? '' : '-past'}`
}

const opened = new WeakMap<AbortSignal, Map<string, PrivateApt>>()

async function openApt(workshop: AptPlace): Promise<PrivateApt> {
  const ofBuild = opened.get(workshop.signal) ?? new Map<string, PrivateApt>()
  opened.set(workshop.signal, ofBuild)
  const known = ofBuild.get(workshop.plan.suite)
  if (known) return known
  const sources = await aptSources(workshop)
  const apt = new PrivateApt(workshop.store.cache.workDirectory(aptFolder(workshop)), sources)
  try {
    await apt.update(workshop.signal)
  } catch (error) {
    if (!(error instanceof AptRefused)) throw error
    throw debianIndexFailed({ suite: workshop.plan.suite, lines: error.lines }, { cause: error })
  }
  ofBuild.set(workshop.plan.suite, apt)
  return apt
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

async function aptSources(workshop: AptPlace): Promise<AptSources> {
  if (!(await exists(keyring))) throw debianKeyringMissing({ path: keyring })
  const today = await findDebianMirror(process.env)
  if (!today) throw debianMirrorUnknown({})
  const past = pastOf(workshop.locking)
  const mirror = past === undefined ? today : pastMirror(today, past)
  const { suite } = workshop.plan
  const candidates = [
    { url: mirror.main, suite },
    { url: mirror.main, suite: `${suite}-updates` },
    ...(mirror.security === undefined ? [] : [{ url: mirror.security, suite: `${suite}-security` }]),
  ]
  const pockets = []
  for (const pocket of candidates) {
    // A release that has come of age loses its pockets, but never itself.
    if (pocket.suite === suite || (await isOffered(pocket, workshop.signal))) pockets.push(pocket)
  }
  return { architecture: debianArchitecture(), keyring, pockets, isPast: past !== undefined }
}

async function isOffered(pocket: { url: string; suite: string }, signal: AbortSignal): Promise<boolean> {
  const url = `${pocket.url}dists/${pocket.suite}/InRelease`
  try {
    for await (const chunk of download(url, { signal })) if (chunk.length > 0) return true
    return false
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DownloadRefused && error.status === 404) return false
    throw downloadFailed({ url, reason: error instanceof Error ? error.message : 'no answer' }, { cause: error })
  }
}
