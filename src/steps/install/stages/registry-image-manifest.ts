import { z } from 'zod'
import type { ForeignCompression } from '../../../image/index.ts'
import type { Digest } from '../../../model/names.ts'
import { DigestText, parsed, parseJson, quoted, UnusableImage } from './registry-image-json.ts'

/** What a registry says of an image: its manifest, read as far as it is needed. */

/** One file of an image, as its manifest names it. */
export interface Blob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

export interface LayerBlob extends Blob {
  readonly compression: ForeignCompression
}

export interface ImageManifest {
  readonly config: Blob
  /** Lowest first. */
  readonly layers: readonly LayerBlob[]
}

/** Bytes; registries themselves refuse manifests of more than 4 MiB (OCI distribution-spec, "Pushing Manifests"). */
export const largestDocument = 8 * 1024 ** 2

const mostLayers = 200

/** OCI image-spec, layer.md, and Docker's "Image Manifest Version 2, Schema 2". */
const compressions: Readonly<Record<string, ForeignCompression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
}
const configTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json']
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

const Descriptor = z.object({ mediaType: z.string(), digest: DigestText, size: z.int().min(0) })
const Manifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  config: Descriptor,
  layers: z.array(Descriptor).max(mostLayers),
})

const ManifestList = z.object({
  manifests: z.array(
    z.object({
      digest: DigestText,
      platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().nullish() }).nullish(),
    }),
  ),
})

/** Variants that every processor of an architecture is (OCI image-index.md, "platform"). */
const plainVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8' }

/**
 * Which image of a list is the one for a processor; undefined when the text is no list.
 * @throws UnusableImage when the list has none
 */
export function chosenManifest(text: string, architecture: string): Digest | undefined {
  const list = ManifestList.safeParse(parseJson(text, 'manifest'))
  if (!list.success) return undefined
  const fitting = list.data.manifests.find(({ platform }) => {
    const variant = platform?.variant ?? ''
    const isPlain = variant === '' || variant === plainVariants[architecture]
    return platform?.os === 'linux' && platform.architecture === architecture && isPlain
  })
  if (fitting) return fitting.digest
  const names = list.data.manifests.flatMap(({ platform }) =>
    platform ? [`${platform.os}/${platform.architecture}`] : [],
  )
  const there = [...new Set(names)].filter((name) => !name.startsWith('unknown')).join(', ')
  throw new UnusableImage(`there is none for linux/${architecture}, only for ${quoted(there)}`)
}

/** @throws UnusableImage for what is no image of this kind, or has a layer that berth cannot read */
export function readManifest(text: string): ImageManifest {
  const document = parseJson(text, 'manifest')
  if (z.object({ schemaVersion: z.literal(1) }).safeParse(document).success) {
    throw new UnusableImage('its manifest is of the first version, which registries have given up')
  }
  const { mediaType, config, layers } = parsed(Manifest, document, 'manifest')
  if (mediaType && !manifestTypes.includes(mediaType)) throw new UnusableImage(`its manifest is a ${quoted(mediaType)}`)
  if (!configTypes.includes(config.mediaType)) {
    throw new UnusableImage(`it is no image of a file system, but of the kind ${quoted(config.mediaType)}`)
  }
  return {
    config: blobOf(config),
    layers: layers.map((layer) => ({ ...blobOf(layer), compression: compressionOf(layer) })),
  }
}

function blobOf({ digest, size }: Blob): Blob {
  return { digest, size }
}

function compressionOf({ mediaType, digest }: z.infer<typeof Descriptor>): ForeignCompression {
  const known = Object.hasOwn(compressions, mediaType) ? compressions[mediaType] : undefined
  if (known) return known
  const layer = `its layer ${digest.slice(0, 19)}…`
  if (mediaType.endsWith('+encrypted')) throw new UnusableImage(`${layer} is encrypted`)
  if (/nondistributable|\.foreign\./.test(mediaType)) {
    throw new UnusableImage(`${layer} may not be passed on, and is kept elsewhere (${quoted(mediaType)})`)
  }
  throw new UnusableImage(`${layer} is of the unknown kind ${quoted(mediaType)}`)
}
