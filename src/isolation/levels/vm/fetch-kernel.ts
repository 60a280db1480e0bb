import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import { AptRefused, type Deb, PrivateApt } from '../../../host/debian-apt.ts'
import { findDebianMirror } from '../../../host/debian-mirror.ts'
import { download } from '../../../host/download.ts'
import * as files from '../../../host/files.ts'
import { HashingFile } from '../../../host/hashing-file.ts'
import type { Instance } from '../../../host/instance.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import {
  debianIndexFailed,
  debianKeyringMissing,
  debianMirrorUnknown,
  downloadFailed,
  hashMismatch,
} from '../../../model/problems/install.ts'
import { loadOrder, moduleName, parseDepends, wantedModules } from './kernel-modules.ts'
import { sharedPaths } from './paths.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const [suite, architecture] = ['bookworm', 'amd64']

/** Debian's kernel for virtual machines: small, and with the drivers of their devices. */
const metapackage = `linux-image-cloud-${architecture}`
const kernelPackage = new RegExp(`^linux-image-[0-9].*-cloud-${architecture}$`)

/**
 * Fetches Debian's newest kernel for virtual machines, checked as every package is, and keeps of it what they need. It is
 * never installed on this host. One that is there already gives way.
 * @throws Problem when the network fails, or what came is not what Debian signed
 */
export async function fetchKernel(instance: Instance, signal: AbortSignal): Promise<void> {
  const { all, kernel, making } = sharedPaths(instance)
  await oneAtATime(`kernel ${kernel}`, async () => {
    await files.mkdir(all, { recursive: true, mode: 0o711 })
    await files.mkdir(making, { recursive: true, mode: 0o700 })
    const place = await files.mkdtemp(join(making, 'kernel-'))
    try {
      const deb = await choosePackage(join(place, 'apt'), signal)
      const file = join(place, 'kernel.deb')
      await fetchPackage(deb, file, signal)
      await runCommand(['dpkg-deb', '--extract', file, join(place, 'tree')], { signal })
      await takeParts(join(place, 'tree'), join(place, 'kernel'), deb)
      await files.rm(kernel, { recursive: true, force: true })
      await files.rename(join(place, 'kernel'), kernel)
    } finally {
      await files.rm(place, { recursive: true, force: true })
    }
  })
}

async function choosePackage(root: string, signal: AbortSignal): Promise<Deb> {
  if (!(await files.exists(keyring))) throw debianKeyringMissing({ path: keyring })
  const mirror = await findDebianMirror(process.env)
  if (!mirror) throw debianMirrorUnknown({})
  const security = mirror.security === undefined ? [] : [{ url: mirror.security, suite: `${suite}-security` }]
  const apt = new PrivateApt(root, { architecture, keyring, pockets: [{ url: mirror.main, suite }, ...security] })
  try {
    await apt.update(signal)
    const debs = await apt.resolve([metapackage], { status: '', pins: [] }, signal)
    const found = debs.find(({ name }) => kernelPackage.test(name))
    if (found) return found
  } catch (error) {
    if (!(error instanceof AptRefused)) throw error
    throw debianIndexFailed({ suite, lines: error.lines }, { cause: error })
  }
  throw debianIndexFailed({ suite, lines: [`${metapackage} leads to no kernel`] })
}

async function fetchPackage({ url, sha256 }: Deb, path: string, signal: AbortSignal): Promise<void> {
  const output = await HashingFile.create(path)
  try {
    for await (const chunk of download(url, { signal })) await output.write(chunk)
  } catch (cause) {
    await output.discard()
    signal.throwIfAborted()
    throw downloadFailed({ url, reason: cause instanceof Error ? cause.message : 'no answer' }, { cause })
  }
  const found = await output.finish()
  if (found !== sha256) throw hashMismatch({ url, expected: `sha256:${sha256}`, found: `sha256:${found}` })
}

/** The kernel itself, its few modules in the order in which they are loaded, and which package they are of. */
async function takeParts(tree: string, target: string, deb: Deb): Promise<void> {
  const boot = join(tree, 'boot')
  const image = (await files.readdir(boot)).find((name) => name.startsWith('vmlinuz-'))
  if (image === undefined) throw new Error(`there is no kernel in ${deb.name}`)
  await files.mkdir(join(target, 'modules'), { recursive: true })
  await files.copyFile(join(boot, image), join(target, 'vmlinuz'))
  const modules = await readModules(tree)
  const order = loadOrder(wantedModules, (name) => modules.get(name)?.needs)
  for (const name of order) {
    await files.writeFile(join(target, 'modules', `${name}.ko`), modules.get(name)?.content ?? '')
  }
  await files.writeFile(join(target, 'modules', 'order'), order.map((name) => `${name}.ko\n`).join(''))
  await files.writeFile(join(target, 'package.json'), JSON.stringify(deb))
  await runCommand(['chmod', '-R', 'u=rwX,go=rX', target])
}

interface KernelModule {
  readonly needs: readonly string[]
  readonly content: Buffer
}

/** The wanted modules and what they need; newer kernels have them compressed. */
async function readModules(tree: string): Promise<Map<string, KernelModule>> {
  const { stdout } = await runCommand(['find', tree, '-name', '*.ko', '-o', '-name', '*.ko.xz'])
  const paths = stdout.trim().split('\n')
  const packed = paths.filter((path) => path.endsWith('.xz'))
  for (let at = 0; at < packed.length; at += 500)
    await runCommand(['xz', '--decompress', ...packed.slice(at, at + 500)])
  const byName = new Map(
    paths.map((path) => [moduleName(path.replace(/^.*\//, '').replace(/\.ko(\.xz)?$/, '')), path.replace(/\.xz$/, '')]),
  )
  const found = new Map<string, KernelModule>()
  const read = async (name: string): Promise<void> => {
    const path = byName.get(name)
    if (path === undefined || found.has(name)) return
    const content = await files.readFile(path)
    const needs = parseDepends(content)
    found.set(name, { needs, content })
    for (const each of needs) await read(each)
  }
  for (const name of wantedModules) await read(name)
  return found
}
