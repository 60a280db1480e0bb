import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import { exists, mkdir, mkdtemp, readdir, readText, rename, rm, writeFile } from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import { mountLayers, unmountBelow } from '../../../host/mounts.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import type { CommandLine } from '../../level.ts'
import { sharedPaths } from './paths.ts'

/** Part of the name of every image: those of another recipe are not taken for it. */
const recipe = 2

/**
 * Layers as one read-only block device, made once. What is not used by any layer that is still there goes away then.
 * @param layers absolute paths, lowest first; what is in one never changes
 * @returns the path of the image
 */
export async function ensureRootImage(instance: Instance, layers: readonly string[]): Promise<string> {
  const { images, making } = sharedPaths(instance)
  const key = createHash('sha256')
    .update(JSON.stringify([recipe, layers]))
    .digest('hex')
    .slice(0, 32)
  const image = join(images, key)
  return oneAtATime(`image ${image}`, async () => {
    if (await exists(image)) return image
    for (const directory of [images, making]) await mkdir(directory, { recursive: true, mode: 0o711 })
    await removeUnused(images)
    await writeFile(`${image}.layers`, JSON.stringify(layers))
    const place = await mkdtemp(join(making, 'image-'))
    try {
      await pack(layers, place)
      await rename(join(place, 'image'), image)
    } finally {
      await unmountBelow(place)
      await rm(place, { recursive: true, force: true })
    }
    return image
  })
}

async function pack(layers: readonly string[], place: string): Promise<void> {
  const [only, ...others] = layers
  let root = only ?? place
  if (others.length > 0) {
    root = join(place, 'root')
    await mkdir(join(place, 'links'))
    await mountLayers(layers, root, join(place, 'links'))
  }
  await runCommand(imageCommand(join(place, 'image'), root), { timeoutSeconds: 600 })
}

/** Always the same bytes for the same tree: no name of its own, and no time but those of the files, cut off in 2100. */
export function imageCommand(target: string, tree: string): CommandLine {
  const [name, time] = ['00000000-0000-4000-8000-000000000000', '4102444800']
  return ['env', `SOURCE_DATE_EPOCH=${time}`, 'mkfs.erofs', '--quiet', '-U', name, target, tree]
}

async function removeUnused(images: string): Promise<void> {
  for (const name of await readdir(images)) {
    if (!name.endsWith('.layers')) continue
    const noted = JSON.parse((await readText(join(images, name))) || '[]') as string[] // written above alone
    const isThere = await Promise.all(noted.map(exists))
    if (noted.length > 0 && isThere.every((there) => there)) continue
    for (const path of [name.replace(/\.layers$/, ''), name]) await rm(join(images, path), { force: true })
  }
}
