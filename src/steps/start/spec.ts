import { join } from 'node:path'
import type { Paths } from '../../host/instance.ts'
import { releaseName } from '../../model/names.ts'
import type { Release } from '../../model/release.ts'
import type { Link, SandboxSpec } from '../../model/sandbox.ts'
import type { Secret } from '../../model/secret.ts'

/** Host ids: each application has 65,536 of its own, for its whole life, and nobody else ever gets them. */
const firstId = 1_200_000
const idsEach = 65_536

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
export function servingSpec(input: SpecInput, link: Link): SandboxSpec {
  return { ...oneOffSpec(input, input.release.run.argv), link }
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
    argv,
    workdir: run.workdir,
    env: { ...run.env, ...release.settings, ...secrets, PORT: String(run.port) },
    idBase: firstId + appId * idsEach,
    volumes: run.volumes.map(({ name, path }) => ({ source: join(paths.volumes, release.app, name), target: path })),
    limits: run.limits,
    port: run.port,
    logFile: logFileOf(paths, { app: release.app, sandboxNumber, release: release.number }),
  }
}

export function sandboxId(app: string, number: number): string {
  return `${app}-${number}`
}

/** One log file for each sandbox; the names sort in the order of their making and say the release. */
export function logFileOf(paths: Paths, of: { app: string; sandboxNumber: number; release: number }): string {
  return join(paths.logs, of.app, `${String(of.sandboxNumber).padStart(6, '0')}-${releaseName(of.release)}.log`)
}
