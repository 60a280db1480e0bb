import { z } from 'zod'
import { levelNames } from './levels.ts'
import { bandwidthOf, standardBandwidth } from './egress.ts'
import { Variable } from './manifest.ts'

/** A release is an image, its settings, the versions of its secrets and how it runs: frozen and numbered. */

/** Bytes a second that may be read from a volume, and written to it, when the manifest says nothing. */
export const standardIo = 32 * 1024 ** 2

/** The size of a volume whose manifest names none. */
export const standardVolume = { bytes: 10 * 1024 ** 3, inodes: 655_360 } as const

const DigestText = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)])

export const Limits = z.strictObject({
  memoryBytes: z.int(),
  cpus: z.number(),
  pids: z.int(),
  tmpBytes: z.int(),
  /** Of its volumes, each way. Releases of earlier berths have the same as a manifest that says nothing. */
  ioBytesPerSecond: z.int().default(standardIo),
})
export type Limits = z.infer<typeof Limits>

/** What an image has instead of a path that answers: a command that ends well, or no more than an open port. */
const OwnHealth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('port') }),
  z.strictObject({ kind: z.literal('command'), argv: z.array(z.string()).min(1), timeoutSeconds: z.number() }),
])

export const RunSpec = z.strictObject({
  argv: z.array(z.string()).min(1),
  workdir: z.string(),
  /** Environment of the image itself; settings and secrets come on top. */
  env: z.record(z.string(), z.string()),
  port: z.int(),
  health: z.strictObject({ path: z.string(), timeoutSeconds: z.number(), own: OwnHealth.optional() }),
  stopGraceSeconds: z.number(),
  /** A name of `stopSignalName`; missing: SIGTERM. */
  stopSignal: z.string().optional(),
  drainSeconds: z.number(),
  domains: z.array(z.string()),
  level: z.enum(levelNames),
  /** Whether a copy had to withstand the audit before it got traffic. */
  audit: z.enum(['clean']).optional(),
  limits: Limits,
  /** System calls that it may use, of those that its level allows; empty: all of those. */
  syscalls: z.array(z.string()).default([]),
  /** Items of the manifest (see egress.ts). Releases of earlier berths reach nothing. */
  egress: z.array(z.string()).default([]),
  links: z.array(z.string()).default([]),
  /** Bits a second, each way. */
  bandwidth: z.number().default(bandwidthOf(standardBandwidth)),
  volumes: z.array(
    z.strictObject({
      name: z.string(),
      path: z.string(),
      // Releases of earlier berths have none of these.
      bytes: z.int().default(standardVolume.bytes),
      inodes: z.int().default(standardVolume.inodes),
    }),
  ),
  initialise: z.strictObject({ commands: z.array(z.array(z.string())), timeoutSeconds: z.number() }),
})
export type RunSpec = z.infer<typeof RunSpec>

/** Where a release's source tree came from; `description` is for people, without userinfo. */
export const SourceOrigin = z.strictObject({
  description: z.string(),
  treeDigest: DigestText,
  /** The blob with the tree itself, so that the image can be built again. */
  archive: DigestText.optional(),
  /** The manifest, when it is not in the tree. */
  manifest: z.string().optional(),
  /** Public keys, PEM, as its manifest named them: the image is started only while one of them has signed it. */
  signedBy: z.array(z.string()).optional(),
})
export type SourceOrigin = z.infer<typeof SourceOrigin>

export const Release = z.strictObject({
  app: z.string(),
  number: z.int(),
  image: DigestText,
  layers: z.array(DigestText),
  source: SourceOrigin,
  /** The blob with the text of the lock that the image was built with. */
  lock: DigestText,
  /** Public settings, as the application receives them. */
  settings: z.record(z.string(), z.string()),
  /** Secret settings by name, as versions in the sealed store. */
  secretVersions: z.record(z.string(), z.int()),
  /** What its manifest declares, and which plain settings an operator had set: a rollback brings both back. */
  declared: z.record(z.string(), Variable),
  explicit: z.array(z.string()),
  run: RunSpec,
  /** RFC 3339, UTC. */
  createdAt: z.string(),
})
export type Release = z.infer<typeof Release>
