import type { LockedInput } from '../../model/lock.ts'
import type { Manifest } from '../../model/manifest.ts'
import { fileMissing } from '../../model/problems/install.ts'
import { ignoreFilesOf, imagesOf, planDockerfile as planFile, type DockerfilePlan } from './dockerfile/index.ts'
import { ociArchitecture } from './architecture.ts'
import type { TreeFacts } from './facts.ts'
import { argvOf } from './start-command.ts'

/** An image that is made as a Dockerfile says. */
export interface DockerfileInstall {
  readonly kind: 'dockerfile'
  readonly path: string
  readonly dockerfile: DockerfilePlan
  readonly inputs: readonly LockedInput[]
  /** Text of the file that says what of the tree is no part of the build context. */
  readonly ignore: { readonly path: string; readonly text: string }
  /** What the manifest says of the start; the Dockerfile's own otherwise. */
  readonly argv?: readonly string[]
  readonly port?: number
  /** Whether the manifest says itself how health is asked for. */
  readonly asksHealth: boolean
  /** Directories where volumes will be mounted. */
  readonly directories: readonly string[]
}

export const defaultDockerfile = 'Dockerfile'

/**
 * The plan of a Dockerfile in the tree.
 * @throws install-file-missing, and the problems of the Dockerfile's language
 */
export function planDockerfile(manifest: Manifest, facts: TreeFacts): DockerfileInstall {
  const { install, start, isolation } = manifest
  const path = install.dockerfile ?? defaultDockerfile
  const text = facts.texts.get(path)
  if (text === undefined) throw fileMissing({ path, namedBy: '`dockerfile` in berth.toml' })
  const dockerfile = planFile({
    text,
    path,
    buildArgs: install.build_args,
    platform: `linux/${ociArchitecture()}`,
    ...(install.target === undefined ? {} : { target: install.target }),
  })
  return {
    kind: 'dockerfile',
    path,
    dockerfile,
    inputs: inputsOf(manifest, path, dockerfile),
    ignore: ignoreFile(path, facts),
    asksHealth: start.health !== undefined,
    directories: Object.values(isolation.volumes).map((volume) => volume.path),
    ...(start.command === undefined ? {} : { argv: argvOf(start.command) }),
    ...(start.port === undefined ? {} : { port: start.port }),
  }
}

function ignoreFile(dockerfile: string, { texts }: TreeFacts): { path: string; text: string } {
  const path = ignoreFilesOf(dockerfile).find((name) => texts.has(name)) ?? '.dockerignore'
  return { path, text: texts.get(path) ?? '' }
}

/** What decides which packages a build asks for, as far as it is known before: its commands may fetch anything. */
function inputsOf({ install }: Manifest, path: string, plan: DockerfilePlan): LockedInput[] {
  const images = imagesOf(plan).map(({ reference }) => ({ file: path, name: `FROM ${reference}`, value: '' }))
  const values: Record<string, string | undefined> = { target: install.target, as_of: install.as_of }
  for (const [name, value] of Object.entries(install.build_args)) values[`build_args.${name}`] = value
  const settings = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ file: 'berth.toml', name, value }],
  )
  return [...images, ...settings]
}
