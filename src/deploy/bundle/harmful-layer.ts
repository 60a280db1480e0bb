import type { LayerEntries, LayerEntry } from '../../image/index.ts'

const harmlessTypes: ReadonlySet<LayerEntry['type']> = new Set(['file', 'directory', 'symlink', 'hardlink', 'fifo'])

/**
 * Why a layer that came from somewhere else must not be unpacked, which root does; undefined when it may be. None that
 * berth has made is like this.
 */
export function whyHarmful(entries: LayerEntries): string | undefined {
  for (const [path, { type, mode, linkTarget = '' }] of entries) {
    if (!isInside(path)) return `the path ${path} leads out of it`
    if (!harmlessTypes.has(type)) return `${path} is a device`
    if ((mode & 0o6000) !== 0) return `${path} would run with the rights of its owner`
    if (type === 'hardlink' && !entries.has(linkTarget)) return `${path} is a link to what is not in it`
    const above = parentsOf(path).find((parent) => (entries.get(parent)?.type ?? 'directory') !== 'directory')
    if (above !== undefined) return `${path} lies below ${above}, which is no directory`
  }
  return undefined
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').some((part) => part === '' || part === '.' || part === '..')
}

function parentsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}
