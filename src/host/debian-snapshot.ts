/**
 * A mirror that keeps what Debian's archives had at any time: BERTH_DEBIAN_SNAPSHOT is its address, with `{archive}` for
 * the name of an archive (`debian`, `debian-security`) and `{timestamp}` for a time (`20260301T000000Z`).
 */

const variable = 'BERTH_DEBIAN_SNAPSHOT'

export function findDebianSnapshot(environment: NodeJS.ProcessEnv): string | undefined {
  return environment[variable] || undefined
}

/**
 * Where a mirror of snapshots has a file of an archive.
 * @returns undefined for a file of no archive, and for an address without a place for the time
 */
export function snapshotUrl(template: string, url: URL, moment: Date): URL | undefined {
  const [, archive, path] = /\/([^/]+)\/((?:dists|pool)\/.*)$/.exec(firstFolders(url.pathname)) ?? []
  if (archive === undefined || path === undefined || !template.includes('{timestamp}')) return undefined
  const base = template.replaceAll('{archive}', archive).replaceAll('{timestamp}', timestampOf(moment))
  return URL.parse(`${base.replace(/\/+$/, '')}/${path}`) ?? undefined
}

/** A component may be called `pool`, too: the first of them is the archive's own. */
function firstFolders(pathname: string): string {
  const at = pathname.search(/\/(dists|pool)\//)
  return at < 0 ? '' : `/${pathname.slice(0, at).split('/').at(-1) ?? ''}${pathname.slice(at)}`
}

function timestampOf(moment: Date): string {
  return moment
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
}

const day = 24 * 60 * 60 * 1000

/**
 * Times at which an archive is likely to have had all packages of a lock: a package comes into its archive some days after
 * the youngest file in it, and goes when the next version comes.
 * @param youngest Of all packages of the lock.
 */
export function likelyMoments(youngest: Date, now: Date): Date[] {
  const moments: Date[] = []
  for (let days = 1; days <= 1024; days *= 2) {
    const moment = new Date(youngest.getTime() + days * day)
    if (moment < now) moments.push(moment)
  }
  return [...moments, now]
}
