import type { LayerEntries, LayerEntry } from './layer-entry.ts'

/** What stacked layers look like from above: whiteouts and opaque directories applied (image-spec, layer.md). */

const whiteout = '.wh.'
const opaqueMarker = '.wh..wh..opq'

/** @param layers lowest first */
export function mergeLayers(layers: readonly LayerEntries[]): Map<string, LayerEntry> {
  const merged = new Map<string, LayerEntry>()
  for (const layer of layers) {
    for (const path of layer.keys()) hide(merged, path)
    for (const [path, entry] of layer) {
      if (nameOf(path).startsWith(whiteout)) continue
      // What is no directory hides everything below it.
      if (entry.type !== 'directory' && merged.get(path)?.type === 'directory') removeBelow(merged, path)
      merged.set(path, resolved(entry, layer))
    }
  }
  return new Map([...merged].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function hide(merged: Map<string, LayerEntry>, path: string): void {
  const name = nameOf(path)
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  if (name === opaqueMarker) removeBelow(merged, parent)
  else if (name.startsWith(whiteout)) {
    const hidden = parent === '' ? name.slice(whiteout.length) : `${parent}/${name.slice(whiteout.length)}`
    merged.delete(hidden)
    removeBelow(merged, hidden)
  }
}

function removeBelow(merged: Map<string, LayerEntry>, directory: string): void {
  for (const path of merged.keys()) if (path.startsWith(`${directory}/`)) merged.delete(path)
}

/** A hard link is the file that it is a link to; whose name is the link depends on the order of the names. */
function resolved(entry: LayerEntry, layer: LayerEntries): LayerEntry {
  if (entry.type !== 'hardlink') return entry
  const file = layer.get(entry.linkTarget ?? '')
  if (!file) return entry
  return { ...file, path: entry.path }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
