import { canBoundIo } from '../../../host/cgroups.ts'
import { ownUserNamespace } from '../../../host/user-namespace.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { programs } from '../../sandbox/programs.ts'
import type { ContainerFacts } from './spec.ts'

/** What a specification depends on besides the sandbox, on this host. */
export function specFacts(layout: Layout, facts: HostFacts, volumeDevices: readonly string[] = []): ContainerFacts {
  return {
    architecture: process.arch,
    cgroupVersion: facts.cgroups.version,
    cgroupPath: facts.cgroups.controllers.size > 0 ? layout.cgroup : undefined,
    idsEach: ownUserNamespace.isInitial ? 65_536 : 1,
    countsSwap: facts.countsSwap,
    boundDevices: canBoundIo(facts.cgroups) ? volumeDevices : [],
    hardLimits: facts.hardLimits,
    rootPath: layout.root,
    init: programs.init,
    hasIpv6: facts.hasIpv6,
    givesUserNamespaces: facts.givesUserNamespaces,
  }
}
