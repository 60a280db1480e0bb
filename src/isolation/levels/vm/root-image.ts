import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import {
  exists,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readText,
  realpath,
  removeTree,
  rename,
  rm,
  writeFile,
} from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import { mountLayers, unmountBelow } from '../../../host/mounts.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import type { CommandLine } from '../../level.ts'
import { sharedPaths } from './paths.ts'

/** Begins the name of every image; those of another recipe go away. */
const recipe = 'erofs2-'
/** Ends the name of the file that says which layers an image is made of. */
const notes = '.layers'

/**
 * Layers as one read-only block device, made once. What is not used by any layer that is still there goes away then.
 * @param layers absolute paths, lowest first; what is in one never changes
 * @returns the path of the image
 */
export async function ensureRootImage(instance: Instance, layers: readonly string[]): Promise<string> {
  const { images, making } = sharedPaths(instance)
  const image = join(images, rootImageName(layers))
  return oneAtATime(`image ${image}`, async () => {
    if (await exists(image)) return image
    for (const directory of [images, making]) await mkdir(directory, { recursive: true, mode: 0o711 })
    await removeUnused(images)
    await removeAbandoned(await realpath(making))
    await writeFile(noteOf(image), JSON.stringify(layers))
    // The kernel names mounts by their real paths.
    const place = await mkdtemp(join(await realpath(making), 'image-'))
    try {
      await pack(layers, place)
      await rename(join(place, 'image'), image)
    } finally {
      await unmountBelow(place)
      await removeTree(place)
    }
    return image
  })
}

/** What an image of layers is called; see `ensureRootImage`. */
export function rootImageName(layers: readonly string[]): string {
  return recipe + createHash('sha256').update(JSON.stringify(layers)).digest('hex').slice(0, 32)
}

/** The file beside an image that says what it is made of. */
export function noteOf(image: string): string {
  return `${image}${notes}`
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
    if (name.startsWith(recipe) && (!name.endsWith(notes) || (await hasLayers(join(images, name))))) continue
    for (const path of [name.replace(notes, ''), name]) await rm(join(images, path), { force: true })
  }
}

async function hasLayers(note: string): Promise<boolean> {
  const noted = JSON.parse((await readText(note)) || '[]') as string[] // written above alone
  const areThere = await Promise.all(noted.map(exists))
  return noted.length > 0 && areThere.every((isThere) => isThere)
}

/** What a killed berth was making. Nothing takes an hour to make. */
async function removeAbandoned(making: string): Promise<void> {
  for (const name of await readdir(making)) {
    const path = join(making, name)
    const facts = await lstat(path).catch(() => undefined)
    if (!facts || Date.now() - facts.mtimeMs < 3_600_000) continue
    await unmountBelow(path)
    await removeTree(path)
  }
}
