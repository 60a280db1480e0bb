import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeLimitedGroup } from '../../../host/cgroup-limits.ts'
import { mkdir, writeFile } from '../../../host/files.ts'
import { sendSignal } from '../../../host/processes.ts'
import type { CommandLine, InsideCommand, Level, Running } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { places } from '../supervised/inner.ts'
import { missingPrograms } from '../../sandbox/missing.ts'
import { uidInside } from '../container/spec.ts'
import { insideByRuntime } from '../oci.ts'
import { examineGvisor } from './examine.ts'
import { givesOwnIds } from './own-ids.ts'
import { gvisorSpec, hostLimits, limitFiles } from './spec.ts'
import { asRootInside, limitThreads } from './threads.ts'

/** The `gvisor` level: runsc, whose kernel of the application's own answers its system calls. */
export const gvisor: Level = {
  name: 'gvisor',
  missing: () =>
    missingPrograms([
      { program: 'runsc', package: 'runsc', purpose: 'is the kernel of the sandbox' },
      { program: 'busybox', package: 'busybox-static', purpose: 'sets the limit of threads in it' },
    ]),
  weaknesses: async (facts) => ((await givesOwnIds(facts)) ? [] : [runsAsRoot]),
  uidInside: async (spec, facts) => uidInside(spec, { givesUserNamespaces: await givesOwnIds(facts) }),
  outerWalls: async ({ limits }, facts) => ({
    ownIds: await givesOwnIds(facts),
    capabilities: ownCapabilities,
    isFiltered: () => true,
    limits: hostLimits(limits),
  }),
  prepare: async ({ layout, spec, facts, terminal }, volumeDevices) => {
    const limits = join(layout.bundle, 'limits')
    const config = gvisorSpec(spec, { facts, ownIds: await givesOwnIds(facts), layout, limits }, terminal)
    await Promise.all([
      mkdir(stateOf(layout), { recursive: true, mode: 0o700 }),
      // runsc joins a control group that is there already, and leaves it alone.
      makeLimitedGroup(facts.cgroups, layout.cgroup, {
        ...hostLimits(spec.limits),
        io: { devices: volumeDevices, bytesPerSecond: spec.limits.ioBytesPerSecond },
        countsSwap: facts.countsSwap,
      }),
      writeLimits(limits, limitFiles(spec.limits)),
      writeFile(layout.config, JSON.stringify(config), { mode: 0o600 }),
    ])
  },
  runtime,
  // It has no name for that, and needs none: the control group is berth's.
  runOptions: () => [],
  waitsInHook: true,
  terminate,
  inside: async (running, argv, terminal) => {
    const { command, pidFile, files } = await insideByRuntime(runtime(running.layout), running, argv, terminal)
    return endingInside(running.layout, { command, pidFile, files })
  },
  examine: examineGvisor,
}

/** runsc's process hands signals on to the application's first one; it knows no real-time signals (`runsc kill` neither). */
async function terminate({ init }: Running, signal: number): Promise<void> {
  await sendSignal(init, signal < 32 ? signal : 'SIGTERM')
}

const runsAsRoot =
  "gVisor's own kernel runs as the host's root here, without capabilities and in an empty root: runsc before 2024 gives " +
  'it no user namespace together with a network (Debian 13 has a newer one). Nor does that version know all that ' +
  '`ls -l` and `stat` of Debian 12 ask of a kernel'

/**
 * What runsc keeps, each in a root without anything else: its kernel CAP_SYS_PTRACE (19), to hold the application's
 * processes; its file server CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID (0 to 4) and SYS_CHROOT (18).
 */
const ownCapabilities = 0xc001fn

/**
 * It reaches the network through the sockets of its network namespace on the host: the fence is around that one, and
 * port 80 is led to the application's own there.
 */
function runtime(layout: Layout): CommandLine {
  const options = ['--root', stateOf(layout), '--network=host', '--oci-seccomp']
  return ['sh', '-c', underItsName, 'sh', nameOf(layout), limitThreads, 'runsc', ...options]
}

/** A container's name has to be one of the host's, for runsc before 2024 makes an abstract socket of it. */
function nameOf({ cgroup }: Layout): string {
  return cgroup.slice(1).replaceAll('/', '.')
}

/**
 * Puts that name in the place of the sandbox's, which is the last word of whatever runsc is told. A sandbox that has been
 * started gets its limit of threads at once. An older or newer runsc that cannot do it leaves those to the host's control
 * group, where what makes too many is ended. runsc gives what it is handed as its input and outputs to the sandbox's root,
 * which must not be the host's /dev/null: a pipe without words is as empty.
 */
const underItsName = `name=$1 limiting=$2
shift 2
left=$#
for word do
  shift
  left=$((left - 1))
  [ $left -gt 0 ] || word=$name
  set -- "$@" "$word"
done
[ ! /proc/self/fd/0 -ef /dev/null ] || exec << 'nothing'
nothing
case " $* " in
  *' start '*) ;;
  *) exec "$@" ;;
esac
"$@" || exit
"$1" "$2" "$3" ${asRootInside} "$name" ${places.shell} sh -c "$limiting" 2>&1 | cat > /dev/null`

/** With the bundle: it goes when the sandbox goes, and the names in it are nobody's but runsc's. */
function stateOf(layout: Layout): string {
  return join(layout.bundle, 'state')
}

async function writeLimits(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    await mkdir(join(path, '..'), { recursive: true, mode: 0o755 })
    await writeFile(path, content, { mode: 0o644 })
  }
}

/** runsc notes its own process on the host, whose end would not end what runs inside. */
function endingInside(layout: Layout, { command, pidFile, files }: InsideCommand): InsideCommand {
  const insideFile = `${pidFile}.inside`
  const [state, script] = [stateOf(layout), fileURLToPath(new URL('exec.pl', import.meta.url))]
  const at = command.indexOf('exec') + 1
  const noted = [...command.slice(0, at), '--internal-pid-file', insideFile, ...command.slice(at)]
  const isPidOption = (index: number) => noted[index] === '--pid-file' || noted[index - 1] === '--pid-file'
  const runsc = noted.filter((_, index) => !isPidOption(index))
  return {
    command: ['perl', script, pidFile, insideFile, state, nameOf(layout), ...runsc],
    pidFile,
    files: [...files, insideFile],
  }
}
