import type { Instance } from '../../../host/instance.ts'
import { findProgram } from '../../../host/programs.ts'
import type { KeptImage, LevelGarbage } from '../../isolator.ts'
import { docker, dockerProgram } from './client.ts'
import { imageName } from './image.ts'

/**
 * Images that this instance has handed to Docker, and that nothing needs any more. Their names have the instance's in
 * them: those of others, and of other instances, are never touched. Where no daemon answers, there is nothing to say.
 */
export async function dockerGarbage(instance: Instance, kept: readonly KeptImage[]): Promise<LevelGarbage[]> {
  if ((await findProgram(dockerProgram)) === undefined) return []
  const list = ['image', 'ls', '--no-trunc', '--format={{.Repository}}:{{.Tag}}', instance.name]
  const listed = await docker(list, [0, 1]).catch(() => undefined)
  if (listed?.code !== 0) return []
  const needed = new Set(kept.map(({ manifest }) => imageName(instance, manifest)))
  const own = listed.stdout.split('\n').filter((name) => name.startsWith(`${instance.name}:`))
  return Promise.all(own.filter((name) => !needed.has(name)).map(garbageOf))
}

async function garbageOf(name: string): Promise<LevelGarbage> {
  const { stdout } = await docker(['image', 'inspect', '--format={{.Size}}', name], [0, 1])
  const remove = async () => {
    // Without force: what a container still uses stays, and goes the next time.
    await docker(['image', 'rm', name], [0, 1])
  }
  return { kind: 'docker-image', name, bytes: Number(stdout) || 0, remove }
}
