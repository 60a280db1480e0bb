import { join } from 'node:path'
import type { Deb } from '../../host/debian-apt.ts'
import * as files from '../../host/files.ts'
import { runPipeline } from '../../host/pipeline.ts'
import { rootAccount } from '../../isolation/build/config.ts'
import { runInSandbox, type LayerWork } from './layer-work.ts'
import { writeAptSources } from './apt-sources.ts'
import { fetchDebs } from './resolve-packages.ts'
import { recompileByteCode } from './recompile.ts'
import { unpackOrder } from './unpack-order.ts'

/**
 * Debian packages without apt: unpacked and configured by the image's own dpkg, from files that were checked before.
 */

const debsDirectory = '/run/berth/debs'

/** What an image does not need, however it gets there: kept out by the image's own dpkg from then on. */
const dpkgConfiguration = [
  ...['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*'].map(
    (path) => `path-exclude=${path}\n`,
  ),
  'path-include=/usr/share/doc/*/copyright\n',
  'path-include=/usr/share/locale/locale.alias\n',
].join('')

/** Packages on top of the layers below. */
export async function makePackages(work: LayerWork, debs: readonly Deb[]): Promise<void> {
  if (debs.length === 0) return
  await fetchDebs(work.workshop, debs)
  await configurePackages(work, await unpackOrder(work.workshop, debs))
}

/**
 * A whole Debian from nothing: all packages are extracted, so that their programs can run, then unpacked and configured
 * by dpkg as usual.
 */
export async function makeBase(work: LayerWork, debs: readonly Deb[], aptSuite?: string): Promise<void> {
  await fetchDebs(work.workshop, debs)
  await makeSkeleton(work.upper)
  for (const deb of debs) await extract(work, deb)
  await prepareForDpkg(work.upper)
  await configurePackages(work, debs)
  await finishBase(work.upper)
  if (aptSuite !== undefined) await writeAptSources(work, aptSuite, debs)
}

async function configurePackages(work: LayerWork, debs: readonly Deb[]): Promise<void> {
  const names = await linkDebs(work, debs)
  const mounts = [{ kind: 'bind', source: join(work.directory, 'debs'), target: debsDirectory }] as const
  const dpkg = ['dpkg', '--force-unsafe-io', '--force-confnew']
  await runInSandbox(work, {
    runAs: rootAccount,
    onLine: stepCounter(work, debs.length),
    mounts,
    cwd: '/',
    finish: recompileByteCode,
    commands: [
      // The dependencies hold again once all are configured.
      { argv: [...dpkg, '--force-depends', '--unpack', ...names.map((name) => `${debsDirectory}/${name}`)], env: {} },
      { argv: [...dpkg, '--configure', '--pending'], env: {} },
    ],
  })
}

/** Turns what dpkg says into numbers; its words are shown only when it fails. */
function stepCounter({ workshop, title }: LayerWork, total: number): (line: string) => void {
  const counts = { Unpacking: 0, 'Setting up': 0 }
  return (line) => {
    const verb = /^(Unpacking|Setting up) /.exec(line)?.[1]
    if (verb !== 'Unpacking' && verb !== 'Setting up') return
    counts[verb] += 1
    const what = `${title}: ${verb === 'Unpacking' ? 'unpacked' : 'configured'}`
    workshop.emit({ kind: 'progress', step: 'install', what, done: counts[verb], total, unit: 'packages' })
  }
}

/** One directory with the packages under names that dpkg's messages make sense with. */
async function linkDebs({ directory, workshop }: LayerWork, debs: readonly Deb[]): Promise<string[]> {
  const names: string[] = []
  await files.mkdir(join(directory, 'debs'))
  for (const [index, deb] of debs.entries()) {
    const name = `${String(index).padStart(4, '0')}_${deb.name}.deb`
    await files.link(workshop.store.blobs.path(`sha256:${deb.sha256}`), join(directory, 'debs', name))
    names.push(name)
  }
  return names
}

/** The merged directories have to be there before the first package (Debian, UsrMerge). */
async function makeSkeleton(root: string): Promise<void> {
  await files.chmod(root, 0o755)
  for (const name of ['bin', 'sbin', 'lib', ...(process.arch === 'x64' ? ['lib64'] : [])]) {
    await files.mkdir(join(root, 'usr', name), { recursive: true, mode: 0o755 })
    await files.symlink(`usr/${name}`, join(root, name))
  }
}

async function extract({ upper, workshop }: LayerWork, deb: Deb): Promise<void> {
  const blob = workshop.store.blobs.path(`sha256:${deb.sha256}`)
  await runPipeline(
    ['dpkg-deb', '--fsys-tarfile', blob],
    [
      ...(['tar', '--extract', `--directory=${upper}`, '--keep-directory-symlink'] as const),
      ...['--numeric-owner', '--same-owner', '--same-permissions'],
      ...['doc', 'man', 'info', 'locale', 'lintian'].map((name) => `--exclude=./usr/share/${name}/*`),
    ],
    workshop.signal,
  )
}

async function prepareForDpkg(root: string): Promise<void> {
  // The first scripts need the users before base-passwd, which makes them, is configured.
  for (const name of ['passwd', 'group']) {
    await files.copyFile(join(root, `usr/share/base-passwd/${name}.master`), join(root, 'etc', name))
  }
  await files.mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true })
  await files.writeFile(join(root, 'var/lib/dpkg/status'), '')
  await files.mkdir(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true })
  await files.writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/berth'), dpkgConfiguration)
  // An image starts its application and nothing else (Debian Policy, 9.3.3.2).
  await files.writeFile(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
}

/** What every sandbox expects to find, whatever isolates it. */
async function finishBase(root: string): Promise<void> {
  for (const name of ['app', 'proc', 'sys', 'dev', 'tmp', 'run'])
    await files.mkdir(join(root, name), { recursive: true })
  // The manual pages are left out, but scripts of some packages fail where not even their directories are.
  for (let section = 1; section <= 9; section += 1) {
    await files.mkdir(join(root, `usr/share/man/man${section}`), { recursive: true })
  }
  await files.chmod(join(root, 'tmp'), 0o1777)
  await files.writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n')
  for (const name of ['hostname', 'resolv.conf']) await files.writeFile(join(root, 'etc', name), '')
}
