import { join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import { growDiskImage, mountDiskImage } from '../../host/disk-image.ts'
import { chmod, exists, lchown, mkdir, readdir, readText, writeFile } from '../../host/files.ts'
import { type Instance, pathsOf } from '../../host/instance.ts'
import { mountPoints } from '../../host/mounts.ts'
import { ownUserNamespace } from '../../host/user-namespace.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import { appUid, type SandboxSpec, type Volume } from '../../model/sandbox.ts'
import { type Layout, layoutOf } from './layout.ts'

/**
 * Makes the volumes of a sandbox ready below their sources on the host.
 * @returns the block devices under them, as `major:minor`; none for volumes that are plain directories
 * @throws Error when a virtual machine has one
 */
export async function takeVolumes(
  instance: Instance,
  layout: Layout,
  { id, volumes, idBase }: SandboxSpec,
): Promise<string[]> {
  if (volumes.length === 0) return []
  // Noted first: from here on nobody takes them away from under this sandbox.
  await writeFile(layout.volumes, JSON.stringify(volumes.map(({ source }) => source)))
  const mount = async (volume: Volume) => {
    const other = await holderOf(instance, id, volume.source, true)
    if (other !== undefined) throw inUse(volume, other)
    return take(volume, idBase)
  }
  const devices = await Promise.all(volumes.map((volume) => oneAtATime(lockOf(volume.source), () => mount(volume))))
  return devices.filter((device) => device !== undefined)
}

/**
 * Makes the volumes of a sandbox ready that takes their images itself: a file system that is in use twice is lost.
 * @returns the images' files
 * @throws Error when a volume has no image, or another sandbox has it
 */
export async function attachVolumes(instance: Instance, layout: Layout, spec: SandboxSpec): Promise<string[]> {
  const { id, volumes, idBase } = spec
  if (volumes.length === 0) return []
  await writeFile(layout.volumes, JSON.stringify(volumes.map(({ source }) => source)))
  await writeFile(layout.volumesAlone, '')
  const attach = async (volume: Volume) => {
    const { source, target, image } = volume
    if (image === undefined || (await isOldDirectory(source, image.file)))
      throw new Error(`the volume ${target} is a directory, and only one with a size can be attached`)
    const other = (await mountPoints()).includes(source) ? 'this host' : await holderOf(instance, id, source, false)
    if (other !== undefined) throw inUse(volume, other)
    await growDiskImage({ ...image, owner: idBase + appUid })
    return image.file
  }
  return Promise.all(volumes.map((volume) => oneAtATime(lockOf(volume.source), () => attach(volume))))
}

function inUse({ target }: Volume, other: string): Error {
  return new Error(`the volume ${target} is in use by ${other}, and cannot be attached twice: stop that first`)
}

/** Another sandbox that has a volume, and has not ended; with `isAlone`, only one that nobody may share it with. */
async function holderOf(instance: Instance, id: string, source: string, isAlone: boolean): Promise<string | undefined> {
  for (const other of await bundles(instance)) {
    const layout = layoutOf(instance, other)
    if (other === id || (await exists(layout.exitFile))) continue
    if (isAlone && !(await exists(layout.volumesAlone))) continue
    if ((await volumesOf(layout)).includes(source)) return other
  }
  return undefined
}

async function take({ source, image }: Volume, idBase: number): Promise<string | undefined> {
  const owner = idBase + appUid
  // Only the host's root may mount images; an ordinary user's volumes are directories, which is told as a weakness.
  const canMount = image !== undefined && ownUserNamespace.isInitial
  const isMounted = canMount && !(await isOldDirectory(source, image.file))
  const device = isMounted ? await mountDiskImage({ ...image, owner }, source) : undefined
  await mkdir(source, { recursive: true, mode: 0o700 })
  // The directory itself only: what the application made in it is already its own, and links in it lead anywhere.
  await lchown(source, owner, owner)
  await chmod(source, 0o700)
  return device
}

/** Berths before 0.2 made plain directories; what is in one is never hidden by an empty file system. */
async function isOldDirectory(source: string, file: string): Promise<boolean> {
  if (await exists(file)) return false
  return (await readdir(source).catch(() => [])).length > 0
}

/** Unmounts the volumes of a sandbox that no other sandbox has; called when it is gone, while its bundle still lies there. */
export async function leaveVolumes(instance: Instance, id: string): Promise<void> {
  for (const source of await volumesOf(layoutOf(instance, id))) {
    await oneAtATime(lockOf(source), async () => {
      const others = (await bundles(instance)).filter((other) => other !== id)
      const taken = await Promise.all(others.map((other) => volumesOf(layoutOf(instance, other))))
      if (taken.flat().includes(source) || !(await mountPoints()).includes(source)) return
      await runCommand(['umount', '--detach-loop', source], { allowCodes: [0, 32] })
    })
  }
}

function lockOf(source: string): string {
  return `volume ${source}`
}

async function bundles(instance: Instance): Promise<string[]> {
  return readdir(join(pathsOf(instance).sandboxes)).catch((): string[] => [])
}

async function volumesOf(layout: Layout): Promise<string[]> {
  const text = await readText(layout.volumes)
  return text === undefined || text === '' ? [] : (JSON.parse(text) as string[]) // written above alone
}
