import { keyOf, ForeignLayerFault, unpackForeignLayer } from '../../../image/index.ts'
import type { Digest } from '../../../model/names.ts'
import { imageUnusable } from '../../../model/problems/registry-image.ts'
import type { LayerStep } from '../layer-step.ts'
import type { LayerWork } from '../layer-work.ts'
import { recipeVersion } from '../recipe.ts'
import type { ImageDescription } from './registry-image-configuration.ts'
import type { ImageManifest, LayerBlob } from './registry-image-manifest.ts'
import { ensureBlobs, type LockedImage } from './registry-image-fetch.ts'

interface ForeignStep {
  readonly image: LockedImage
  readonly blob: LayerBlob
  readonly diffId: Digest
}

/**
 * The layers of an image as steps. Each is unpacked by itself and becomes a layer of berth's own: its times are clamped,
 * its set-user bits dropped, noise and devices left out. So its digest is not the one that the image gives; that one is
 * checked when it is unpacked.
 */
export function layerSteps(
  image: LockedImage,
  { layers }: ImageManifest,
  { diffIds, epoch }: Pick<ImageDescription, 'diffIds' | 'epoch'>,
): LayerStep[] {
  return layers.flatMap((blob, index) => {
    const diffId = diffIds[index]
    if (diffId === undefined) return []
    return {
      // The same layer in two images is one; but no file of it may be younger than the image.
      key: keyOf({ recipeVersion, kind: 'image-layer', diffId, epoch }),
      title: `${image.reference} ${index + 1}/${layers.length}`,
      ...{ keep: true, epoch, standsOn: [], answers: [] },
      inputs: { kind: 'stage', times: 'clamp', make: (work) => unpack(work, { image, blob, diffId }) },
    } satisfies LayerStep
  })
}

/** @throws imageUnusable, and the problems of fetching */
async function unpack({ upper, title, workshop }: LayerWork, { image, blob, diffId }: ForeignStep): Promise<void> {
  const { emit, signal, store } = workshop
  await ensureBlobs(workshop, image, [blob.digest])
  const layer = { archive: store.blobs.path(blob.digest), compression: blob.compression, diffId }
  try {
    const devices = await unpackForeignLayer(layer, upper, { signal })
    if (devices > 0) emit({ kind: 'notice', message: `${title}: left out ${devices} devices, which no layer can have` })
  } catch (error) {
    if (!(error instanceof ForeignLayerFault)) throw error
    throw imageUnusable({ reference: image.reference, reason: `in ${title}, ${error.message}` }, { cause: error })
  }
}
