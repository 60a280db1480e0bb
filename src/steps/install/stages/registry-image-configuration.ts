import { z } from 'zod'
import type { Digest } from '../../../model/names.ts'
import type { ImageConfig } from '../dockerfile/index.ts'
import { fixedTime } from '../recipe.ts'
import { DigestText, parsed, parseJson, quoted, UnusableImage } from './registry-image-json.ts'
import type { ImageManifest } from './registry-image-manifest.ts'

/** What a registry says of an image: its configuration, read as far as it is needed. */

export interface ImageDescription {
  readonly config: ImageConfig
  /** Digests of the layers' archives when they are decompressed, lowest first. */
  readonly diffIds: readonly Digest[]
  /** Seconds since 1970. */
  readonly epoch: number
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
