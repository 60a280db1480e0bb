import { join } from 'node:path'
import { readdir, rm, stat } from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import type { KeptImage, LevelGarbage } from '../../isolator.ts'
import { sharedPaths } from './paths.ts'
import { noteOf, rootImageName } from './root-image.ts'

/** Block devices of images that nothing needs any more. A virtual machine that still runs keeps the one that it has open. */
export async function machineGarbage(instance: Instance, kept: readonly KeptImage[]): Promise<LevelGarbage[]> {
  const { images } = sharedPaths(instance)
  const needed = new Set(kept.flatMap(({ layers }) => [rootImageName(layers), noteOf(rootImageName(layers))]))
  const names = (await readdir(images).catch(() => [])).filter((name) => !needed.has(name))
  return Promise.all(
    names.map(async (name) => {
      const path = join(images, name)
      const { blocks = 0 } = (await stat(path).catch(() => undefined)) ?? {}
      return { kind: 'machine-image' as const, name, bytes: blocks * 512, remove: () => rm(path, { force: true }) }
    }),
  )
}
