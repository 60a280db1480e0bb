import { createHash } from 'node:crypto'
import { exists, mkdir, symlink } from '../../../host/files.ts'
import { findProgram } from '../../../host/programs.ts'
import { imageName } from '../../../isolation/levels/docker/image.ts'
import { sharedPaths } from '../../../isolation/levels/vm/paths.ts'
import type { LevelName } from '../../../model/levels.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { places, sceneInstance } from '../places.ts'
import type { SceneApp } from './column.ts'
import { docker, dockerAddress, importImage, startDocker } from './docker.ts'

/** Two levels need something of the host that the scene has none of; they find it here as operators' applications do. */

/** What there has to be before a level can say whether this host can give it. */
export async function lend(level: LevelName, kernel: string | undefined): Promise<void> {
  if (level === 'docker') await lendDocker()
  if (level === 'vm' && kernel !== undefined) await lendKernel(kernel)
}

/** The network is berth's, so this daemon makes none. Where Docker is not installed, the level says so itself. */
const noNetwork = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']

async function lendDocker(): Promise<void> {
  const found = await Promise.all(docker.programs.map(({ program }) => findProgram(program)))
  if (found.includes(undefined)) return
  process.env['DOCKER_HOST'] = dockerAddress
  await startDocker(noNetwork)
}

async function lendKernel(kernel: string): Promise<void> {
  const paths = sharedPaths(sceneInstance)
  await mkdir(paths.all, { recursive: true })
  if (!(await exists(paths.kernel))) await symlink(kernel, paths.kernel)
}

/** The image in Docker's own store, by the name that the level looks for: the scene has layers, and no blobs. */
export async function imageFor(level: LevelName, app: SceneApp): Promise<Pick<SandboxSpec, 'image'>> {
  if (level !== 'docker') return {}
  const manifest = `sha256:${createHash('sha256').update(app.role).digest('hex')}`
  await importImage(app, imageName(sceneInstance, manifest))
  return { image: { blobs: `${places.home}/blobs`, manifest } }
}
