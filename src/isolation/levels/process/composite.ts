import { join } from 'node:path'
import { lstat, readlink, type Stats } from '../../../host/files.ts'

/** Files as an application sees them that has some of an image on top of its host. */
export interface Composite {
  /** What an image's tree brings: paths without a leading slash. */
  readonly brought: readonly string[]
  /** Unpacked layers, lowest first. */
  readonly layers: readonly string[]
  /** Where the host's root is; `/` but in tests. */
  readonly host: string
}

/** A file as it is found at the end of all links. */
export interface Located {
  /** As the application names it. */
  readonly path: string
  /** Where it is on the host. */
  readonly onHost: string
  readonly stats: Stats
}

const linksAtMost = 40

/**
 * Follows a path as the application would, one part at a time: links of an image lead to the image and to the host, and
 * never to what is beside the image on the host.
 * @returns what is missing, by its path, when there is nothing at its end
 */
export async function locate(composite: Composite, path: string): Promise<Located | { readonly missing: string }> {
  let rest = parts(path)
  let reached: readonly string[] = []
  let found: { onHost: string; stats: Stats } | undefined
  for (let links = 0; rest.length > 0;) {
    const [next = '', ...after] = rest
    rest = after
    if (next === '..') reached = reached.slice(0, -1)
    if (next === '..') continue
    const here = [...reached, next]
    found = await lookUp(composite, here.join('/'))
    if (!found || (links += found.stats.isSymbolicLink() ? 1 : 0) > linksAtMost)
      return { missing: `/${here.join('/')}` }
    if (!found.stats.isSymbolicLink()) {
      reached = here
      continue
    }
    const target = await readlink(found.onHost)
    if (target.startsWith('/')) reached = []
    rest = [...parts(target), ...after]
  }
  return found ? { path: `/${reached.join('/')}`, ...found } : { missing: path }
}

async function lookUp(composite: Composite, path: string) {
  const { brought, layers, host } = composite
  const isBrought = brought.some((name) => path === name || path.startsWith(`${name}/`))
  for (const root of isBrought ? layers.toReversed() : [host]) {
    const stats = await lstat(join(root, path)).catch(() => undefined)
    if (!stats) continue
    // overlayfs's mark for "deleted"
    return stats.isCharacterDevice() && stats.rdev === 0 ? undefined : { onHost: join(root, path), stats }
  }
  return undefined
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
