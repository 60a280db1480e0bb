import { dirname, join } from 'node:path'
import * as files from '../../../host/files.ts'
import type { LayerWork } from '../layer-work.ts'
import { resolveInRoot } from './root-path.ts'

/** Where programs look for authorities that know no variable for it. */
const bundlePath = 'etc/ssl/certs/ca-certificates.crt'

/**
 * The layers below with one more on top, in which the image's own list of authorities has the proxy's as well. A layer,
 * and not a mount, because `update-ca-certificates` replaces the file.
 */
export async function layerWithAuthority(work: LayerWork, certificate: string): Promise<readonly string[]> {
  const bundle = await bundleOf(work.below)
  if (bundle === undefined) return work.below
  const layer = join(work.directory, 'authority')
  const file = join(layer, bundlePath)
  await files.mkdir(dirname(file), { recursive: true, mode: 0o755 })
  await files.writeFile(file, `${bundle.trimEnd()}\n${certificate}`)
  for (let path = file; path !== layer; path = dirname(path)) await files.lutimes(path, work.epoch, work.epoch)
  return [...work.below, layer]
}

async function bundleOf(layers: readonly string[]): Promise<string | undefined> {
  for (const layer of layers.toReversed()) {
    const path = join(layer, bundlePath)
    const facts = await files.lstat(path).catch(() => undefined)
    if (facts?.isFile()) return files.readText(path)
    // A device hides what is below; a symbolic link leads elsewhere.
    if (facts) return undefined
  }
  return undefined
}

/** Takes the proxy's authority out of a list that the command wrote to. */
export async function dropAuthority(upper: string, certificate: string): Promise<void> {
  // In the image, wherever its symbolic links lead.
  const path = resolveInRoot(upper, bundlePath)
  const facts = await files.lstat(path).catch(() => undefined)
  if (!facts?.isFile()) return
  const text = (await files.readText(path)) ?? ''
  if (text.includes(certificate)) await files.writeFile(path, text.replaceAll(certificate, ''))
}
