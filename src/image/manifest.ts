import { isDigest, type Digest } from '../model/names.ts'
import type { ImageConfigPlan, ImageHealthcheck } from '../model/plan.ts'
import { appUid } from '../model/sandbox.ts'

/** OCI documents, written so that the same image has the same bytes: sorted keys, no spaces, no times but the epoch. */

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** Of what is attached to an image. */
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The image configuration (image-spec, config.md). */
export function configDocument(config: ImageConfigPlan, layers: readonly Digest[], epoch: number): string {
  return canonicalJson({
    architecture: architectures[process.arch] ?? process.arch,
    config: {
      ...config.described,
      ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
      ...(config.healthcheck === undefined ? {} : { Healthcheck: config.healthcheck }),
      ...(config.shell === undefined ? {} : { Shell: config.shell }),
      Cmd: config.argv,
      Env: Object.entries(config.env)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
      ExposedPorts: { [`${config.port}/tcp`]: {} },
      User: `${appUid}:${appUid}`,
      WorkingDir: config.workdir,
    },
    created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    os: 'linux',
    rootfs: { diff_ids: layers, type: 'layers' },
  })
}

/** The image manifest (image-spec, manifest.md). */
export function manifestDocument(config: Descriptor, layers: readonly Descriptor[]): string {
  return canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers })
}

/** What of a configuration berth needs to run the image; undefined when the text is not one that berth wrote. */
export function parseConfig(text: string): { config: ImageConfigPlan; layers: Digest[] } | undefined {
  const document = record(parseJson(text))
  const config = record(document?.['config'])
  const layers = strings(record(document?.['rootfs'])?.['diff_ids'])?.filter(isDigest)
  const argv = strings(config?.['Cmd'])
  const env = strings(config?.['Env'])
  const workdir = config?.['WorkingDir']
  const port = parseInt(Object.keys(record(config?.['ExposedPorts']) ?? {})[0] ?? '', 10)
  if (!layers || !argv || !env || typeof workdir !== 'string' || Number.isNaN(port)) return undefined
  const variables = Object.fromEntries(env.map(splitVariable))
  return { layers, config: { workdir, argv, env: variables, port, ...optionalPart(config) } }
}

function optionalPart(config: Record<string, unknown> = {}): Partial<ImageConfigPlan> {
  const { StopSignal: stopSignal, Shell, Healthcheck } = config
  const [shell, healthcheck] = [strings(Shell), readHealthcheck(record(Healthcheck))]
  return {
    ...(typeof stopSignal === 'string' ? { stopSignal } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    ...(shell && shell.length > 0 ? { shell } : {}),
  }
}

function readHealthcheck(document: Record<string, unknown> = {}): ImageHealthcheck | undefined {
  const test = strings(document['Test'])
  if (!test) return undefined
  const times = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'].flatMap((name) => {
    const value = document[name]
    return typeof value === 'number' && value >= 0 ? [[name, value] as const] : []
  })
  return { Test: test, ...Object.fromEntries(times) }
}

/** The digest of a manifest's configuration and of its layers; undefined when the text is not a manifest. */
export function parseManifest(text: string): { config: Digest; layers: Digest[] } | undefined {
  const document = record(parseJson(text))
  const config = record(document?.['config'])?.['digest']
  const layers = document?.['layers']
  if (typeof config !== 'string' || !isDigest(config) || !Array.isArray(layers)) return undefined
  const digests = layers.map((layer) => record(layer)?.['digest'])
  return { config, layers: digests.filter((digest) => typeof digest === 'string').filter(isDigest) }
}

/** The manifests of an `index.json`: those with a name, and what is attached to them. */
export function parseIndex(text: string): Descriptor[] {
  const manifests = record(parseJson(text))?.['manifests']
  if (!Array.isArray(manifests)) return []
  return manifests.flatMap((entry) => readDescriptor(entry) ?? [])
}

/** A descriptor (image-spec, descriptor.md); undefined for what is none. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  const { digest, size, mediaType, artifactType, annotations } = record(value) ?? {}
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number') return undefined
  const texts = Object.entries(record(annotations) ?? {}).filter((pair): pair is [string, string] => {
    return typeof pair[1] === 'string'
  })
  const type = typeof artifactType === 'string' ? { artifactType } : {}
  return { digest, size, mediaType: String(mediaType), ...type, annotations: Object.fromEntries(texts) }
}

/** JSON with sorted keys and no spaces. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    const object = record(inner)
    return object ? Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1))) : inner
  })
}

function splitVariable(line: string): [string, string] {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}
