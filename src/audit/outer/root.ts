import { dirname, join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import { chmod, exists, lstat, mkdir, readlink, symlink, writeFile } from '../../host/files.ts'

/** Places that hosts have, and programs expect. */
const folders: readonly string[] = `
dev etc/cron.d etc/init.d etc/profile.d etc/systemd/system home proc root run srv sys tmp usr var/lib/dpkg var/log
var/tmp
`
  .trim()
  .split(/\s+/)

/** What programs of the host need of its configuration, none of it a secret. */
const copied: readonly string[] = `
ld.so.cache ld.so.conf ld.so.conf.d alternatives nsswitch.conf containers/policy.json containers/registries.conf
containers/containers.conf containers/storage.conf containers/seccomp.json cni/net.d lxc/default.conf default/lxc
`
  .trim()
  .split(/\s+/)

/**
 * Writes the root of an outer container: the host's programs are mounted into it later, all else is made for the scene.
 * No file of the host's own is in it.
 */
export async function writeOuterRoot(root: string, hostname: string): Promise<string[]> {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true, mode: 0o755 })
  await chmod(join(root, 'root'), 0o700)
  // The runtime gives what it mounts over one the mode of what was there.
  for (const folder of ['tmp', 'var/tmp']) await chmod(join(root, folder), 0o1777)
  const shared = ['/usr']
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const facts = await lstat(`/${name}`).catch(() => undefined)
    if (facts?.isSymbolicLink()) await symlink(await readlink(`/${name}`), join(root, name))
    else if (facts) shared.push(`/${name}`)
  }
  for (const name of copied) {
    if (await exists(join('/etc', name))) {
      const target = join(root, 'etc', name)
      await mkdir(dirname(target), { recursive: true })
      await runCommand(['cp', '-a', join('/etc', name), target], { allowCodes: [0, 1] })
    }
  }
  const files = {
    hostname: `${hostname}\n`,
    hosts: `127.0.0.1 localhost ${hostname}\n`,
    'resolv.conf': '',
    subuid: 'root:1000000000:65536\n',
    subgid: 'root:1000000000:65536\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, 'etc', name), text)
  return shared
}
