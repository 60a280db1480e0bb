import { join } from 'node:path'
import { makeLimitedGroup } from '../../../host/cgroup-limits.ts'
import { joinableDirectories } from '../../../host/cgroups.ts'
import { chmod, mkdir, writeFile } from '../../../host/files.ts'
import type { Bundle, Level } from '../../level.ts'
import { uidInside } from '../container/spec.ts'
import { seccompProfile } from '../container/seccomp.ts'
import { limitsOf, supervisedLevel, type SupervisedLimits } from '../supervised/level.ts'
import { prepareSupervised, waiting } from '../supervised/prepare.ts'
import { nspawnBundle, nspawnFilter } from './bundle.ts'

/** The `nspawn` level: systemd-nspawn, on hosts with and without systemd. */
export const nspawn: Level = supervisedLevel({
  name: 'nspawn',
  needed: { program: 'systemd-nspawn', package: 'systemd-container', purpose: 'makes the sandboxes' },
  mountsShared: false, // a tenth of the host's memory, where programs can be executed
  prepare,
  limitPayload: async (bundle) => {
    const { layout, facts } = bundle
    // With version 2 it makes two groups below its own, one for itself; what is limited has to be read inside, too.
    if (facts.cgroups.version === 1) return
    await makeLimitedGroup(facts.cgroups, join(layout.cgroup, 'payload'), limitsOf(bundle, []))
  },
})

async function prepare(bundle: Bundle, limits: SupervisedLimits): Promise<void> {
  const { layout, spec, facts, terminal } = bundle
  const user = uidInside(spec, facts)
  const config = nspawnBundle(spec, {
    givesUserNamespaces: facts.givesUserNamespaces,
    hardLimits: facts.hardLimits,
    root: layout.root,
    user,
    argv: waiting,
    seccomp: nspawnFilter(seccompProfile(process.arch)),
    hasTerminal: terminal !== undefined,
  })
  await Promise.all([
    makeLimitedGroup(facts.cgroups, layout.cgroup, limits),
    writeFile(layout.config, JSON.stringify(config), { mode: 0o600 }),
    prepareSupervised(bundle, {
      argv: ['/usr/bin/systemd-nspawn', ...optionsFor(bundle)],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'SYSTEMD_LOG_LEVEL=warning', 'SYSTEMD_LOG_TARGET=console'],
      cgroups: joinableDirectories(facts.cgroups, layout.cgroup),
      before: [['bind', await ownRunDirectory(bundle), systemdDirectory, '-']],
      user,
    }),
  ])
}

function optionsFor({ layout, spec, facts }: Bundle): string[] {
  const users = `--private-users=${spec.idBase}:65536`
  return [
    ...['--quiet', '--register=no', '--keep-unit', `--oci-bundle=${layout.bundle}`, '--machine=sandbox'],
    ...(facts.givesUserNamespaces ? [users, '--private-users-ownership=off'] : []),
    ...['--resolv-conf=off', '--timezone=off', '--link-journal=no', '--notify-ready=no'],
  ]
}

const systemdDirectory = '/run/systemd'

/**
 * Each sandbox has a directory of its own where systemd-nspawn keeps traces that it does not remove when it is killed,
 * and looks for those empty files, made by systemd on hosts that have it, with which it hides files of the kernel.
 */
async function ownRunDirectory({ layout }: Bundle): Promise<string> {
  const [own, empty] = [join(layout.bundle, 'systemd'), join(layout.bundle, 'systemd', 'inaccessible')]
  await Promise.all([mkdir(systemdDirectory, { recursive: true }), mkdir(join(empty, 'dir'), { recursive: true })])
  await writeFile(join(empty, 'reg'), '')
  await Promise.all(['dir', 'reg'].map((name) => chmod(join(empty, name), 0)))
  return own
}
