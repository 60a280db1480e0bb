import { dirname, join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import * as files from '../../../host/files.ts'
import type { LayerWork } from '../layer-work.ts'

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

/**
 * Takes the proxy's authority out of whatever the command has written: the list itself, and copies of it. It is another
 * one at every build.
 */
export async function dropAuthority(upper: string, certificate: string): Promise<void> {
  // Any line of it but the first is in no other certificate.
  const line = certificate.split('\n')[1] ?? ''
  const argv = ['grep', '--recursive', '--files-with-matches', '--null', '--fixed-strings', `--regexp=${line}`] as const
  const { stdout } = await runCommand([...argv, '.'], { cwd: upper, allowCodes: [0, 1], timeoutSeconds: 600 })
  for (const name of stdout.split('\0').filter(Boolean)) {
    const text = (await files.readFile(join(upper, name))).toString('latin1')
    await files.writeFile(join(upper, name), Buffer.from(text.replaceAll(certificate, ''), 'latin1'))
  }
}
