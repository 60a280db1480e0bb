import { copyFile, exists, mkdir } from '../../host/files.ts'
import { spawnDetached } from '../../host/processes.ts'
import type { Scene } from '../stage/scene.ts'
import { startInLeftDirectory, startWithLinks } from './hostile-images.ts'
import { comesOut, findsSome, listOf, named, type Attack, type Given } from '../attack.ts'

/** Ways out that have had a name. */
export const escapeAttacks: readonly Attack[] = [
  {
    ...named('escape', 'E01', 'cve-2019-5736', "CVE-2019-5736: write over the runtime's program"),
    leaksWhen:
      'it can be opened for writing, or only waits until it is not in use, while commands are run in the sandbox',
    isSafe: true,
    before: standInForRuntime,
    during: async (scene) => {
      for (let round = 0; round < 4; round += 1) await scene.execInAttacked(['/bin/true'], 10)
      return undefined
    },
    judge: findsSome('opened', 'within reach'),
  },
  {
    ...named('escape', 'E02', 'cve-2022-0492', 'CVE-2022-0492: a release agent, by a user namespace'),
    leaksWhen: 'a tree of control groups can be mounted, where `release_agent` would be (nothing is written)',
    isSafe: true,
    asksKernel: true,
    judge: releaseAgentOpens,
  },
  {
    ...named('escape', 'E03', 'release-agent', 'A release agent, with the rights that there are'),
    leaksWhen: 'a tree of control groups can be mounted, where `release_agent` would be (nothing is written)',
    isSafe: true,
    asksKernel: true,
    judge: releaseAgentOpens,
  },
  {
    ...named('escape', 'E04', 'cve-2024-21626', 'CVE-2024-21626: a directory the runtime left open'),
    leaksWhen: "the content of root's file comes out",
    isSafe: true,
    judge: comesOut('rootFile'),
  },
  {
    ...named('escape', 'E05', 'cve-2025-31133', 'CVE-2025-31133: masks that are something else'),
    leaksWhen: '/dev/null is no null device, can be replaced, or what is masked can be written',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => {
      const writable = listOf(said['writable'])
      if (writable.length > 0) return `${writable.join(', ')} can be written`
      return said['replace'] === 'done' ? '/dev/null can be replaced' : undefined
    },
  },
  {
    ...named('escape', 'E06', 'cve-2025-52565', 'CVE-2025-52565: a console that leads elsewhere'),
    leaksWhen: 'a terminal device can be replaced by a link',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('replaced', 'replaced'),
  },
  {
    ...named('escape', 'E07', 'cve-2025-52881', 'CVE-2025-52881: writes of labels, led elsewhere'),
    leaksWhen: 'a file of /proc can be mounted over',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('redirected', 'led elsewhere'),
  },
  {
    ...named('escape', 'E08', 'cve-2026-41579', 'CVE-2026-41579: mount points that are links'),
    leaksWhen: 'something lies where the links of its image lead on the host, when it is started with them',
    ...{ restarts: true, seconds: 30 },
    judge: ({ scene }) => startWithLinks(scene),
  },
  {
    ...named('escape', 'E09', 'cve-2022-0847', 'CVE-2022-0847: write through a pipe (dirty pipe)'),
    leaksWhen: 'a file that may only be read has changed',
    asksKernel: true,
    judge: ({ said }) => (said['changed'] === true ? 'a file that may only be read has changed' : undefined),
  },
  {
    ...named(
      'escape',
      'E10',
      'cve-2024-21626-image',
      'CVE-2024-21626: an image that begins in what the runtime left open',
    ),
    leaksWhen: 'the content of a file of the host comes out, when it is started in /proc/self/fd/3 to 10',
    ...{ restarts: true, seconds: 30 },
    judge: ({ scene }) => startInLeftDirectory(scene),
  },
]

/** At the control no runtime runs; a process of that name, and in a place that may be written, is in its stead. */
async function standInForRuntime(scene: Scene): Promise<Given> {
  if (scene.column.kind !== 'control') return {}
  const [folder, program] = ['/var/lib/scene/runtime', '/var/lib/scene/runtime/runc']
  if (await exists(program)) return {}
  await mkdir(folder, { recursive: true })
  await copyFile('/usr/bin/sleep', program)
  await spawnDetached([program, '600'], { logFile: `${folder}/log` })
  return {}
}

function releaseAgentOpens({ said }: Parameters<Attack['judge']>[0]): string | undefined {
  const [mounted, agent] = [said['mounted'], said['agent']]
  if (mounted !== true) return undefined
  return agent === 'done'
    ? '`release_agent` can be written'
    : 'the tree of control groups can be mounted, to be written'
}
