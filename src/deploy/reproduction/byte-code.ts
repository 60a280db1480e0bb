import { join } from 'node:path'
import { readFile } from '../../host/files.ts'
import {
  checkByteCode,
  mergeLayers,
  readTree,
  type ByteCodeReport,
  type ImageStore,
  type LayerEntries,
} from '../../image/index.ts'
import type { Image } from '../../model/plan.ts'

/** Whether every file of byte-code in an image fits its source. The layers are read as they are unpacked. */
export async function byteCodeOf(store: ImageStore, image: Pick<Image, 'layers'>): Promise<ByteCodeReport> {
  const directories = await store.layerDirectories(image)
  const layers: LayerEntries[] = []
  for (const directory of directories) layers.push(await readTree(directory))
  return checkByteCode(mergeLayers(layers), (path) => {
    const top = layers.findLastIndex((layer) => layer.has(path))
    return readFile(join(directories[top] ?? '', path))
  })
}
