import { z } from 'zod'
import type { ForeignCompression } from '../../../image/index.ts'
import { isDigest, type Digest } from '../../../model/names.ts'
import type { ImageConfig } from '../dockerfile/index.ts'
import { fixedTime } from '../recipe.ts'

/** What a registry says of an image: its manifest and its configuration, read as far as they are needed. */

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

export interface ImageDescription {
  readonly config: ImageConfig
  /** Digests of the layers' archives when they are decompressed, lowest first. */
  readonly diffIds: readonly Digest[]
  /** Seconds since 1970. */
  readonly epoch: number
}

/** What makes an image unusable; whoever knows its name says so to the operator. */
export class UnusableImage extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'UnusableImage'
  }
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

const DigestText = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'must be a SHA-256 digest')
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

const line = z.string().regex(/^[^\0]*$/, 'must not contain a zero')
const lines = z.array(line)
/** Older images have one word where there should be a list. */
const words = z.union([lines, line.transform((word) => [word])])
const marks = z.record(line, z.unknown()).transform((record) => Object.keys(record))
const Healthcheck = z.object({
  Test: lines.nullish(),
  Interval: z.int().nullish(),
  Timeout: z.int().nullish(),
  StartPeriod: z.int().nullish(),
  StartInterval: z.int().nullish(),
  Retries: z.int().nullish(),
})

const Config = z.object({
  Env: lines.nullish(),
  Entrypoint: words.nullish(),
  Cmd: words.nullish(),
  User: line.nullish(),
  WorkingDir: line.nullish(),
  ExposedPorts: marks.nullish(),
  Volumes: marks.nullish(),
  Labels: z.record(line, line).nullish(),
  StopSignal: line.nullish(),
  Healthcheck: Healthcheck.nullish(),
  OnBuild: lines.nullish(),
  Shell: lines.nullish(),
})

const Description = z.object({
  architecture: z.string(),
  os: z.string(),
  created: z.string().nullish(),
  config: Config.nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(DigestText) }),
})

/** @throws UnusableImage for an image of another system, or one whose layers are not those of its manifest */
export function readDescription(text: string, { layers }: ImageManifest, architecture: string): ImageDescription {
  const { config, rootfs, created, ...made } = parsed(Description, parseJson(text, 'configuration'), 'configuration')
  if (made.os !== 'linux' || made.architecture !== architecture) {
    throw new UnusableImage(
      `it is for ${quoted(`${made.os}/${made.architecture}`)}, and this host is linux/${architecture}`,
    )
  }
  if (rootfs.diff_ids.length !== layers.length) {
    throw new UnusableImage(`its manifest has ${layers.length} layers, and its configuration ${rootfs.diff_ids.length}`)
  }
  return { config: imageConfig(config ?? {}), diffIds: rootfs.diff_ids, epoch: epochOf(created) }
}

/** What is empty says nothing: Docker writes nulls, empty texts and empty lists alike. */
function imageConfig({
  Env,
  Healthcheck: health,
  ExposedPorts,
  Volumes,
  ...rest
}: z.infer<typeof Config>): ImageConfig {
  return {
    ...present(rest),
    ...present({ Env: Env?.filter((entry) => entry.indexOf('=') > 0) }),
    ...present({ ExposedPorts: ExposedPorts && markedOf(ExposedPorts), Volumes: Volumes && markedOf(Volumes) }),
    ...(health?.Test && health.Test.length > 0 ? { Healthcheck: { ...present(health), Test: health.Test } } : {}),
  }
}

type Present<Values> = { [Key in keyof Values]?: NonNullable<Values[Key]> }

function present<Values extends object>(values: Values): Present<Values> {
  const isEmpty = (value: unknown) => value === null || value === undefined || value === '' || isEmptyList(value)
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value))) as Present<Values>
}

function isEmptyList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function markedOf(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

/** 2100-01-01: a later time is none, and neither is one before Debian was. */
const latest = 4_102_444_800

/** The image's own time; that of a package of npm for one that has none, as reproducible images often do. */
function epochOf(created: string | null | undefined): number {
  const seconds = Math.floor(Date.parse(created ?? '') / 1000)
  return seconds >= fixedTime && seconds < latest ? seconds : fixedTime
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnusableImage(`its ${what} is no JSON`)
  }
}

function parsed<Shape extends z.ZodType>(shape: Shape, document: unknown, what: string): z.infer<Shape> {
  const result = shape.safeParse(document)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new UnusableImage(`its ${what} is not right: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
