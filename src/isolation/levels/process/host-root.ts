import { join } from 'node:path'
import { mkdir, readText, writeFile } from '../../../host/files.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Bundle } from '../../level.ts'
import { withAppGroup, withAppUser } from '../../sandbox/root-files.ts'
import { environmentOf } from '../environment.ts'
import type { Step } from '../launched/steps.ts'
import { broughtBy } from './brought.ts'
import { whatLacks } from './interpreters.ts'

/**
 * The host's root with what the image brings in its place, and volumes. The host itself is changed by none of it: mount
 * points that it does not have are made in memory.
 * @param over what else is mounted there
 * @throws Error when the image cannot run on this host's programs, with the fix
 */
export async function hostRoot(bundle: Bundle, over: readonly Step[] = []): Promise<Step[]> {
  const { layout, spec } = bundle
  const brought = await broughtBy(spec.layers)
  const path =
    environmentOf(spec)
      .find((line) => line.startsWith('PATH='))
      ?.slice('PATH='.length) ?? ''
  const lack = await whatLacks({ brought, layers: spec.layers, host: '/' }, { ...spec, path })
  if (lack !== undefined) throw new Error(lack)
  const root = join(layout.bundle, 'host')
  await mkdir(root)
  return [
    ['host', root],
    ...brought.map((name): Step => ['bring', layout.root, name]),
    ...(await ownFiles(bundle)),
    ...spec.volumes.flatMap(({ source, target }): Step[] => [
      ['place', target],
      ['bind', source, target, 'nosuid,nodev'],
    ]),
    ...over,
    ['chroot'],
  ]
}

/** Files of /etc that name the sandbox and its user, where the host has such files. */
async function ownFiles({ layout, spec }: Bundle): Promise<Step[]> {
  const uid = spec.idBase + appUid
  const [passwd, group] = await Promise.all(['/etc/passwd', '/etc/group'].map(readText))
  const files = { passwd: withAppUser(uid, passwd ?? ''), group: withAppGroup(uid, group ?? '') }
  const written = Object.entries(files).map(async ([name, text]): Promise<Step> => {
    const file = join(layout.bundle, name)
    await writeFile(file, text, { mode: 0o644 })
    return ['cover', file, `/etc/${name}`]
  })
  return [
    ...['hosts', 'resolv.conf'].map((name): Step => ['cover', join(layout.scaffold, 'etc', name), `/etc/${name}`]),
    ...(await Promise.all(written)),
  ]
}
