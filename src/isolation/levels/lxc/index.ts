import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cgroupDirectories, cgroupFacts, joinableDirectories, removeCgroup } from '../../../host/cgroups.ts'
import { mkdir, readText, writeFile } from '../../../host/files.ts'
import type { Bundle, Level } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { seccompProfile } from '../container/seccomp.ts'
import { uidInside } from '../container/spec.ts'
import { quote } from '../supervised/inner.ts'
import { supervisedLevel, type SupervisedLimits } from '../supervised/level.ts'
import { prepareSupervised, waiting } from '../supervised/prepare.ts'
import { withoutSysfs } from '../supervised/stage.ts'
import { lxcConfig } from './config.ts'
import { lxcFilter } from './seccomp.ts'

/** The `lxc` level: LXC's own programs, without its daemons, its bridge and its directories. */
export const lxc: Level = supervisedLevel({
  name: 'lxc',
  needed: { program: 'lxc-start', package: 'lxc', purpose: 'makes the sandboxes' },
  mountsShared: true,
  prepare,
  remove: async (layout) => removeCgroup(await cgroupFacts(), monitorGroup(layout)),
})

async function prepare(bundle: Bundle, limits: SupervisedLimits): Promise<void> {
  const { layout, spec, facts, terminal } = bundle
  const user = uidInside(spec, facts)
  const [files, endScript] = [filesOf(layout), await noteMemory(bundle)]
  const config = lxcConfig(spec, {
    cgroups: facts.cgroups,
    limits,
    givesUserNamespaces: facts.givesUserNamespaces,
    hardLimits: facts.hardLimits,
    root: layout.root,
    user,
    group: layout.cgroup,
    monitorGroup: monitorGroup(layout),
    filterFile: files.filter,
    endScript: files.end,
    hasTerminal: terminal !== undefined,
  })
  // Not the sandbox's: LXC wants to make that one itself, and refuses one that is there already.
  const cgroups = joinableDirectories(facts.cgroups, join(monitorGroup(layout), 'launcher'))
  await Promise.all([files.directory, ...cgroups].map((path) => mkdir(path, { recursive: true, mode: 0o755 })))
  await Promise.all([
    writeFile(files.config, config, { mode: 0o600 }),
    writeFile(files.filter, lxcFilter(seccompProfile(process.arch)), { mode: 0o600 }),
    writeFile(files.end, endScript, { mode: 0o600 }),
    prepareSupervised(bundle, {
      argv: [
        ...['/usr/bin/perl', fileURLToPath(new URL('lxc.pl', import.meta.url)), files.log],
        ...['/usr/bin/lxc-start', '--foreground', '--close-all-fds', '--name', spec.id, '--lxcpath', files.directory],
        ...['--rcfile', files.config, '--logfile', files.log, '--logpriority', 'INFO', '--', ...waiting],
      ],
      // Without newuidmap(1) in its path it maps user ids itself, and needs no entries of root's in /etc/subuid.
      env: ['PATH=/nonexistent'],
      cgroups,
      after: withoutSysfs,
      user,
    }),
  ])
}

function filesOf({ bundle }: Layout) {
  const directory = join(bundle, 'lxc')
  const at = (name: string) => join(directory, name)
  return { directory, config: at('config'), filter: at('filter'), end: at('end'), log: at('log') }
}

/** Beside the sandboxes' groups, with another prefix: LXC's own process is not held to the application's limits. */
function monitorGroup({ cgroup, bundle }: Layout): string {
  return join(dirname(cgroup), `lxc-${bundle.slice(bundle.lastIndexOf('/') + 1)}`)
}

/** LXC removes the control group when the sandbox has ended, and with it what it says about memory that ran out. */
async function noteMemory({ layout, facts }: Bundle): Promise<string> {
  const groups = [layout.cgroup, join(await memoryGroupOfInit(), layout.cgroup)]
  const files = groups
    .flatMap((group) => cgroupDirectories(facts.cgroups, group))
    .flatMap((directory) => ['memory.oom_control', 'memory.events'].map((name) => join(directory, name)))
  return `for file in ${[...new Set(files)].map(quote).join(' ')}; do
  [ -r "$file" ] || continue
  while read -r key value; do
    if [ "$key" = oom_kill ] && [ "$value" -gt 0 ]; then : > ${quote(layout.outOfMemoryMark)}; fi
  done < "$file"
done
`
}

/** Below it LXC makes its groups of version 1: the root, but where process 1 is itself in a container's group. */
async function memoryGroupOfInit(): Promise<string> {
  const groups = (await readText('/proc/1/cgroup')) ?? ''
  return /^\d+:(?:.*,)?memory(?:,.*)?:(.+)$/m.exec(groups)?.[1] ?? '/'
}
