import { join } from 'node:path'
import { ownUserNamespace } from '../../host/user-namespace.ts'
import type { Paths } from '../../host/instance.ts'
import { releaseName } from '../../model/names.ts'
import type { Release, RunSpec } from '../../model/release.ts'
import type { Link, SandboxSpec, Volume } from '../../model/sandbox.ts'
import type { Secret } from '../../model/secret.ts'

/** Host ids: each application has 65,536 of its own, for its whole life, and nobody else ever gets them. */
const firstId = 1_200_000
const idsEach = 65_536

/**
 * An ordinary user has 65,536 ids for everything. There each application has two of its own: what is root for it, and what
 * it runs as; `appUid` is added to the base there, too.
 */
export function idBaseOf(appId: number): number {
  if (ownUserNamespace.isInitial) return firstId + appId * idsEach
  // Up to 30,000 what is root, from 30,001 on what they run as: no id is one of either kind for two applications.
  return 20_000 + (appId % 10_000)
}

export interface SpecInput {
  readonly release: Release
  readonly appId: number
  readonly sandboxNumber: number
  /** Unpacked layers of the image, lowest first. */
  readonly layers: readonly string[]
  readonly secrets: Readonly<Record<string, Secret>>
  readonly paths: Paths
}

/** The sandbox that serves a release. */
export function servingSpec(input: SpecInput, link: Link, nameServer: string): SandboxSpec {
  const { argv, stopSignal } = input.release.run
  const spec = linkedSpec(input, { argv, link, nameServer })
  return { ...spec, ...(stopSignal === undefined ? {} : { stopSignal }) }
}

export interface LinkedCommand {
  readonly argv: readonly string[]
  readonly link: Link
  /** The address that it asks for names. */
  readonly nameServer: string
}

/** A command in the network that the release declares. */
export function linkedSpec(input: SpecInput, { argv, link, nameServer }: LinkedCommand): SandboxSpec {
  const { egress, links, bandwidth } = input.release.run
  return { ...oneOffSpec(input, argv), link, network: { egress, links, bandwidth, nameServer } }
}

/** The same walls, environment and volumes around another command, with loopback as its only network. */
export function oneOffSpec(input: SpecInput, argv: readonly string[]): SandboxSpec {
  const { release, appId, sandboxNumber, layers, secrets, paths } = input
  const { run } = release
  return {
    id: sandboxId(release.app, sandboxNumber),
    level: run.level,
    hostname: release.app,
    layers,
    image: { blobs: paths.blobs, manifest: release.image },
    argv,
    workdir: run.workdir,
    env: { ...run.env, ...release.settings, ...secrets, PORT: String(run.port) },
    idBase: idBaseOf(appId),
    volumes: run.volumes.map((volume) => volumeOf(volume, join(paths.volumes, release.app))),
    limits: run.limits,
    syscalls: run.syscalls,
    port: run.port,
    logFile: logFileOf(paths, { app: release.app, sandboxNumber, release: release.number }),
  }
}

/** The image lies beside the directory that it is mounted at; no name of a volume has a dot in it. */
export function volumeOf({ name, path, bytes, inodes }: RunSpec['volumes'][number], folder: string): Volume {
  const source = join(folder, name)
  return { source, target: path, image: { file: `${source}.ext4`, bytes, inodes } }
}

export function sandboxId(app: string, number: number): string {
  return `${app}-${number}`
}

/** One log file for each sandbox; the names sort in the order of their making and say the release. */
export function logFileOf(paths: Paths, of: { app: string; sandboxNumber: number; release: number }): string {
  return join(paths.logs, of.app, `${String(of.sandboxNumber).padStart(6, '0')}-${releaseName(of.release)}.log`)
}
