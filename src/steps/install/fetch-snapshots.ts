import { findDebianSnapshot, likelyMoments, snapshotUrl } from '../../host/debian-snapshot.ts'
import { DownloadRefused } from '../../host/download.ts'
import { Problem } from '../../model/problem.ts'
import type { FetchPlace } from './fetch-place.ts'

/**
 * Fetches a file from its URL; when that has it no more, from mirrors of snapshots, as they were when the lock was made.
 * @param fetch Fetches from one URL, and makes sure that it is the right file.
 * @throws what `fetch` does for the file's own URL
 */
export async function fetchFromAny(
  place: FetchPlace,
  own: string,
  fetch: (url: string) => Promise<void>,
): Promise<void> {
  try {
    await fetch(own)
  } catch (error) {
    const snapshots = isGone(error) ? snapshotsOf(place, own) : []
    for (const url of snapshots) if (await attempt(place, () => fetch(url))) return
    throw error
  }
}

function isGone(error: unknown): boolean {
  const cause = error instanceof Problem ? error.cause : undefined
  return cause instanceof DownloadRefused && [404, 410].includes(cause.status)
}

async function attempt({ signal }: FetchPlace, work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Problem) return false
    throw error
  }
}

function snapshotsOf({ locking }: FetchPlace, own: string): string[] {
  const template = findDebianSnapshot(process.env)
  const lock = locking?.mode === 'follow' ? locking.lock : locking?.previous
  const url = URL.parse(own)
  if (template === undefined || !lock || !url) return []
  const named = lock.asOf === undefined ? [] : [new Date(lock.asOf)]
  const moments = [...named, ...likelyMoments(new Date(lock.time * 1000), new Date())]
  const urls = moments.map((moment) => snapshotUrl(template, url, moment)?.href)
  return [...new Set(urls.filter((each) => each !== undefined))]
}
