import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import { mkdir, rm, stat, symlink, writeFile } from '../../../host/files.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import type { Instance } from '../../../host/instance.ts'
import type { Bundle } from '../../level.ts'
import { docker, dockerHost } from './client.ts'

/**
 * Hands an image to Docker, which has a store of its own, unless it is there already: the same manifest, configuration and
 * layers, each checked against its digest on the way (skopeo(1)).
 * @returns its name in Docker
 * @throws Error for a sandbox of no image; CommandFailed when Docker does not take it
 */
export async function loadImage({ instance, layout, spec: { image } }: Bundle): Promise<string> {
  if (!image) throw new Error('Docker runs images only, and this sandbox has none')
  const hex = image.manifest.replace('sha256:', '')
  const name = imageName(instance, image.manifest)
  await oneAtATime(`docker image ${hex}`, async () => {
    const { code } = await docker(['image', 'inspect', '--format={{.Id}}', name], [0, 1])
    if (code === 0) return
    const folder = join(layout.bundle, 'image')
    await writeImageLayout(folder, image, hex)
    const copy = ['copy', '--quiet', `--dest-daemon-host=${dockerHost()}`, `oci:${folder}`, `docker-daemon:${name}`]
    await runCommand(['skopeo', '--insecure-policy', ...copy], { timeoutSeconds: 600 })
    await rm(folder, { recursive: true, force: true })
  })
  return name
}

/** An image's name in Docker, which many may use: each instance has its own, and removes no other's. */
export function imageName({ name }: Instance, manifest: string): string {
  return `${name}:${manifest.replace('sha256:', '')}`
}

/** An OCI image layout with that image alone, whose blobs are where they are (image-layout.md of OCI's image-spec). */
async function writeImageLayout(folder: string, { blobs }: { readonly blobs: string }, hex: string): Promise<void> {
  await mkdir(join(folder, 'blobs'), { recursive: true })
  const { size } = await stat(join(blobs, hex))
  const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${hex}`, size }
  await Promise.all([
    symlink(blobs, join(folder, 'blobs', 'sha256')),
    writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] })),
  ])
}
