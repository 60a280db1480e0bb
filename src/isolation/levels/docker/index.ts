import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chmodDirectory } from '../../../host/files.ts'
import { findProgram } from '../../../host/programs.ts'
import { appUid, type SandboxSpec } from '../../../model/sandbox.ts'
import type { Bundle, Level } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { missingPrograms } from '../../sandbox/missing.ts'
import { firstProcessOfEngine } from '../engines/first-process.ts'
import { hardenedFlags } from '../engines/flags.ts'
import { devicesToBound, prepareEngine, seccompFileOf } from '../engines/prepare.ts'
import { launcher } from '../launched/launch.ts'
import { examineSupervised } from '../supervised/examine.ts'
import { insideSupervised } from '../supervised/inside.ts'
import { completeWalls, waiting } from '../supervised/prepare.ts'
import { mountDataOnly } from '../volume-mounts.ts'
import { daemonMissing, docker as ask, dockerHost, dockerProgram, groupDriver } from './client.ts'
import { dockerGarbage } from './garbage.ts'
import { loadImage } from './image.ts'

/**
 * The `docker` level: the host's Docker. The daemon makes the container; what the monitor watches is the daemon's client,
 * which ends with it and has its output and exit code. When the daemon ends, so does the client, and berth starts anew.
 */
export const docker: Level = {
  name: 'docker',
  missing,
  weaknesses: () => [hostIds],
  uidInside,
  prepare: async (bundle, volumeDevices) => {
    const { layout, spec, facts } = bundle
    const [image, driver, program, volumes, devices] = await Promise.all([
      loadImage(bundle),
      groupDriver(),
      findProgram(dockerProgram),
      mountDataOnly(layout, spec),
      devicesToBound(facts, volumeDevices),
    ])
    const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/nonexistent', `DOCKER_HOST=${dockerHost()}`]
    const user = uidInside(spec)
    const flags = hardenedFlags(
      { ...bundle, spec: { ...spec, volumes } },
      {
        ...{ user, seccompFile: seccompFileOf(bundle), volumeOptions: 'rw', devices },
        // systemd's groups have names of another kind.
        ...(driver === 'cgroupfs' ? { cgroupParent: layout.cgroup } : {}),
      },
    )
    const own = ['--ipc=none', '--log-driver=none', '--userns=host', '--cgroupns=private']
    const files = ['passwd', 'group'].map((name) => `--volume=${layout.scaffold}/etc/${name}:/etc/${name}:ro`)
    const run = ['run', `--name=${nameOf(layout)}`, '--pull=never', ...flags, ...own, ...files, '--no-healthcheck']
    const command = [program ?? dockerProgram, ...run, `--entrypoint=${waiting[0]}`, image, ...waiting.slice(1)]
    const groups = (driver === 'cgroupfs' ? memoryGroups(bundle) : undefined) ?? ''
    const argv = ['/usr/bin/perl', watching, layout.outOfMemoryMark, nameOf(layout), groups, ...command]
    await prepareEngine(bundle, { argv, env, user })
  },
  runtime: launcher,
  firstProcess: ({ layout, spec }, client) => firstProcessOfEngine(client, spec, () => processOf(layout)),
  settle: async (bundle, pid) => {
    // runc gives a file system in memory the mode of the directory below, whatever it is told, and the image has its own.
    await chmodDirectory(`/proc/${pid}/root/run`, 0o1777)
    await completeWalls(withHostIds(bundle), pid, true)
  },
  inside: insideSupervised,
  remove: async (layout) => {
    await ask(['rm', '--force', '--volumes', nameOf(layout)], [0, 1]).catch(() => undefined)
  },
  garbage: dockerGarbage,
  examine: (bundle, running) => examineSupervised(withHostIds(bundle), running),
}

const hostIds =
  'Docker gives containers no user namespaces of their own: applications run without one, as host users of their own'

const watching = fileURLToPath(new URL('docker.pl', import.meta.url))

/** Where Docker makes the group with which version 1 limits memory; its count goes with it, so it has to be watched. */
function memoryGroups({ layout, facts }: Bundle): string | undefined {
  const root = facts.cgroups.version === 1 ? facts.cgroups.roots.get('memory') : undefined
  return root === undefined ? undefined : join(root, layout.cgroup)
}

async function missing(): Promise<string[]> {
  const programs = await missingPrograms([
    { program: dockerProgram, package: 'docker.io', purpose: 'makes the containers' },
    { program: 'skopeo', package: 'skopeo', purpose: 'hands images to it' },
    { program: 'busybox', package: 'busybox-static', purpose: 'waits in them until their walls stand' },
    { program: 'perl', package: 'perl-base', purpose: 'starts it' },
  ])
  if (programs.length > 0) return programs
  const daemon = await daemonMissing()
  return daemon === undefined ? [] : [daemon]
}

function uidInside({ idBase }: SandboxSpec): number {
  return idBase + appUid
}

function withHostIds(bundle: Bundle): Bundle {
  return { ...bundle, facts: { ...bundle.facts, givesUserNamespaces: false } }
}

/** Docker's names are one host's: berth's instances have theirs, and so have their sandboxes. */
function nameOf({ cgroup }: Layout): string {
  return cgroup.slice(1).replaceAll('/', '.')
}

async function processOf(layout: Layout): Promise<number | undefined> {
  const { stdout } = await ask(['inspect', '--type=container', '--format={{.State.Pid}}', nameOf(layout)], [0, 1])
  return Number(stdout) || undefined
}
