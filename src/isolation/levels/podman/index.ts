import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { cgroupFacts, removeCgroup } from '../../../host/cgroups.ts'
import { mkdir, readText, rm, symlink, writeFile } from '../../../host/files.ts'
import type { Bundle, Level } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { missingPrograms } from '../../sandbox/missing.ts'
import { noUserNamespaces } from '../container/index.ts'
import { uidInside } from '../container/spec.ts'
import { firstProcessOfEngine } from '../engines/first-process.ts'
import { hardenedFlags } from '../engines/flags.ts'
import { devicesToBound, prepareEngine, seccompFileOf } from '../engines/prepare.ts'
import { launcher } from '../launched/launch.ts'
import { examineSupervised } from '../supervised/examine.ts'
import { insideSupervised } from '../supervised/inside.ts'
import { completeWalls, waiting } from '../supervised/prepare.ts'

/** The `podman` level: the host's Podman, on the layers that all levels have. */
export const podman: Level = {
  name: 'podman',
  missing: () =>
    missingPrograms([
      { program: 'podman', package: 'podman', purpose: 'makes the containers' },
      { program: 'runc', package: 'runc', purpose: 'is what it makes them with' },
      { program: 'busybox', package: 'busybox-static', purpose: 'waits in them until their walls stand' },
      { program: 'perl', package: 'perl-base', purpose: 'starts it' },
    ]),
  weaknesses: ({ givesUserNamespaces }) => (givesUserNamespaces ? [] : [noUserNamespaces]),
  uidInside,
  prepare: async (bundle, volumeDevices) => {
    const { layout, spec, facts } = bundle
    const devices = await devicesToBound(facts, volumeDevices)
    await mkdir(stateOf(layout), { mode: 0o700 })
    await symlink(stateOf(layout), shortLinkOf(layout))
    await writeFile(configOf(layout), config)
    const user = uidInside(spec, facts)
    const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/nonexistent', `CONTAINERS_CONF=${configOf(layout)}`]
    await prepareEngine(bundle, { argv: podmanCommand(bundle, user, devices), env, user })
  },
  runtime: launcher,
  firstProcess: ({ layout, spec }, client) =>
    firstProcessOfEngine(client, spec, async () => Number(await readText(pidFileOf(layout))) || undefined),
  settle: (bundle, pid) => completeWalls(bundle, pid, true),
  remove: async (layout) => {
    // What of Podman is still at work makes its folders anew.
    await removeCgroup(await cgroupFacts(), layout.cgroup)
    await rm(shortLinkOf(layout), { force: true, recursive: true })
  },
  inside: insideSupervised,
  examine: examineSupervised,
}

/**
 * Each sandbox has a storage of its own, in memory: nothing of it is left when its bundle is gone, whatever became of
 * Podman meanwhile, and no two starts wait for each other's locks.
 */
function stateOf(layout: Layout): string {
  return join(layout.bundle, 'podman')
}

/** Podman takes a path of at most 50 characters for what it keeps while it runs; names of applications have no such bound. */
function shortLinkOf({ bundle }: Layout): string {
  const name = createHash('sha256').update(bundle).digest('hex').slice(0, 8)
  return join(dirname(dirname(bundle)), `p-${name}`)
}

function configOf(layout: Layout): string {
  return join(stateOf(layout), 'containers.conf')
}

function pidFileOf(layout: Layout): string {
  return join(stateOf(layout), 'container.pid')
}

/** Instead of the host's own: locks in memory that all share would never be given back. */
const config = `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
lock_type = "file"
events_logger = "none"
`

function podmanCommand(bundle: Bundle, user: number, devices: readonly string[]): string[] {
  const { layout, spec, facts, terminal } = bundle
  const state = stateOf(layout)
  const ids = [`--uidmap=0:${spec.idBase}:65536`, `--gidmap=0:${spec.idBase}:65536`]
  return [
    ...['/usr/bin/podman', `--root=${state}/root`, `--runroot=${shortLinkOf(layout)}/run`, `--tmpdir=${state}/tmp`],
    ...['--storage-driver=vfs', `--runtime-flag=root=${state}/runc`],
    ...['run', '--name=sandbox', `--pidfile=${pidFileOf(layout)}`],
    ...hardenedFlags(bundle, {
      ...{ user, seccompFile: seccompFileOf(bundle), cgroupParent: layout.cgroup, devices },
      volumeOptions: 'rw,nosuid,nodev,noexec',
    }),
    ...(facts.givesUserNamespaces ? ids : []),
    ...['--read-only-tmpfs=false', '--ipc=none', '--uts=private', '--pid=private', '--cgroupns=private'],
    ...['--no-hosts', '--passwd=false', '--umask=0022', '--http-proxy=false', '--sdnotify=ignore'],
    // Its own output is the container's: nothing copies it, and nothing of it is lost.
    `--log-driver=${terminal ? 'none' : 'passthrough'}`,
    ...['--rootfs', layout.root, ...waiting],
  ]
}
