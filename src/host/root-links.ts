import { lstatSync, readlinkSync } from 'node:fs'
import { join, posix } from 'node:path'

const linksAllowed = 40

/** Symbolic links that lead in a circle. */
export class LinksInCircle extends Error {
  readonly path: string
  constructor(path: string) {
    super(`the symbolic links of ${path} lead in a circle`)
    this.name = 'LinksInCircle'
    this.path = path
  }
}

/**
 * Where a path of an image lies on the host. Symbolic links are followed as the image would follow them: an absolute one
 * begins at the image's root, and none leads out of it.
 * @param root The image's root directory on the host.
 * @param path Absolute, inside the image; what does not exist is taken as it is.
 * @throws LinksInCircle
 */
export function resolveInRoot(root: string, path: string): string {
  let links = 0
  let resolved = '/'
  const pending = posix.normalize(path).split('/').filter(Boolean)
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '..') {
      resolved = posix.dirname(resolved)
      continue
    }
    const next = posix.join(resolved, name)
    const target = linkTarget(join(root, next))
    if (target === undefined) {
      resolved = next
      continue
    }
    links += 1
    if (links > linksAllowed) throw new LinksInCircle(path)
    if (target.startsWith('/')) resolved = '/'
    pending.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'))
  }
  return join(root, resolved)
}

/** What is at a path of an image, links followed. */
export function kindInRoot(root: string, path: string): 'directory' | 'file' | undefined {
  const facts = lstatSync(resolveInRoot(root, path), { throwIfNoEntry: false })
  if (!facts) return undefined
  return facts.isDirectory() ? 'directory' : 'file'
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
