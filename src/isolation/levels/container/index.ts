import { writeFile } from '../../../host/files.ts'
import { forbidMemoryPrograms } from '../../../host/memory-programs.ts'
import { setInUserNamespace } from '../../../host/network.ts'
import { execInChroot } from '../../../model/problems/isolation.ts'
import type { Bundle, Level } from '../../level.ts'
import { insideByRuntime } from '../oci.ts'
import { mountDataOnly } from '../volume-mounts.ts'
import { userNamespaceLimits } from '../walls.ts'
import { examineContainer } from './examine.ts'
import { specFacts } from './facts.ts'
import { missingRuntime, noteRuntime, runOptionsOf, runtimeOf } from './runtime.ts'
import { containerSpec, uidInside } from './spec.ts'

/** The `container` level: runc, or crun, with the walls of `spec.ts`. */
export const container: Level = {
  name: 'container',
  missing: missingRuntime,
  weaknesses: ({ givesUserNamespaces, cgroups }) => [
    ...(givesUserNamespaces ? [] : [noUserNamespaces]),
    ...(cgroups.controllers.size > 0 ? [] : [noControlGroups]),
  ],
  uidInside,
  prepare: async ({ layout, spec, facts, terminal }, volumeDevices) => {
    const runtime = await noteRuntime(layout)
    const volumes = runtime === 'crun' ? await mountDataOnly(layout, spec) : spec.volumes
    const config = containerSpec({ ...spec, volumes }, specFacts(layout, facts, volumeDevices), terminal)
    await writeFile(layout.config, JSON.stringify(config), { mode: 0o600 })
  },
  runtime: runtimeOf,
  runOptions: runOptionsOf,
  waitsInHook: true,
  settle: async ({ facts }: Bundle, pid) => {
    await Promise.all([
      facts.givesUserNamespaces ? setInUserNamespace(pid, userNamespaceLimits) : undefined,
      forbidMemoryPrograms(pid),
    ])
  },
  inside: async (running, argv, terminal) => {
    if (running.facts.isChroot) throw execInChroot({ id: running.id })
    return insideByRuntime(runtimeOf(running.layout), running, argv, terminal)
  },
  examine: ({ layout, spec, facts }, running) =>
    examineContainer(layout, { spec, ...running }, specFacts(layout, facts)),
}

export const noUserNamespaces =
  'this host makes no user namespaces (in a chroot none can be made; else: sysctl -w user.max_user_namespaces=10000): ' +
  'applications run without one, as host users of their own'

const noControlGroups =
  'berth runs as an ordinary user, who may make no control groups: memory, cpus and pids of applications have no limits, ' +
  'and volumes no size'
