import { join } from 'node:path'
import { signalNumber, standardStopSignal } from '../../../model/stop-signal.ts'
import type { Bundle } from '../../level.ts'
import { programs } from '../../sandbox/programs.ts'
import { type SeccompProfile, seccompProfile } from '../container/seccomp.ts'
import { places } from '../supervised/inner.ts'
import { shellProgram } from '../supervised/stage.ts'
import { memoryPlaces, networkSettings, resourceLimits } from '../walls.ts'

/** What container engines are told, in the words that Docker and Podman share (docker-run(1), podman-run(1)). */

export interface EngineFacts {
  /** The application's user and group, as it sees itself. */
  readonly user: number
  /** Where `engineProfile` lies. */
  readonly seccompFile: string
  /** What follows a volume's target. */
  readonly volumeOptions: string
  readonly cgroupParent?: string | undefined
  /** Nodes of the block devices under its volumes, such as `/dev/loop3`. */
  readonly devices: readonly string[]
}

/** Everything closed that the engine can close. The rest is closed while process 1 waits at its gate. */
export function hardenedFlags({ layout, spec, facts, terminal }: Bundle, engine: EngineFacts): string[] {
  const { limits } = spec
  const memory = String(limits.memoryBytes)
  // Engines ask for more than berth itself may have; what bounds an application is its control group.
  const ulimits = resourceLimits(facts.hardLimits, { RLIMIT_NPROC: 32_768 })
  return [
    ...['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
    `--security-opt=seccomp=${engine.seccompFile}`,
    `--user=${engine.user}:${engine.user}`,
    ...['--network=none', `--hostname=${spec.hostname}`, '--workdir=/', '--oom-score-adj=500'],
    `--stop-signal=${signalNumber(spec.stopSignal ?? standardStopSignal)}`, // for when the engine itself ends
    ...[`--pids-limit=${limits.pids}`, `--memory=${memory}`, `--cpus=${limits.cpus}`],
    ...(facts.countsSwap ? [`--memory-swap=${memory}`] : []),
    ...(engine.cgroupParent === undefined ? [] : [`--cgroup-parent=${engine.cgroupParent}`]),
    ...engine.devices.flatMap((device) =>
      ['read', 'write'].map((way) => `--device-${way}-bps=${device}:${limits.ioBytesPerSecond}`),
    ),
    ...Object.entries(ulimits).map(([name, limit]) => {
      return `--ulimit=${name.replace('RLIMIT_', '').toLowerCase()}=${limit}:${limit}`
    }),
    ...Object.entries(networkSettings(facts)).map(([name, value]) => `--sysctl=${name.replaceAll('/', '.')}=${value}`),
    memoryAt('/tmp', limits.tmpBytes),
    memoryAt('/run', memoryPlaces.run.bytes),
    memoryAt('/dev/shm', memoryPlaces.shared.bytes),
    ...[bound(programs.init, places.init, 'ro'), bound(shellProgram, places.shell, 'ro')],
    ...['script', 'gate'].map((name) => bound(join(layout.launch, name), `${places.directory}/${name}`, 'ro')),
    // Engines write their own otherwise.
    ...['hosts', 'hostname', 'resolv.conf'].map((name) =>
      bound(join(layout.scaffold, 'etc', name), `/etc/${name}`, 'ro'),
    ),
    ...spec.volumes.map(({ source, target }) => bound(source, target, engine.volumeOptions)),
    ...(terminal ? ['--tty'] : []),
    '--interactive',
  ]
}

function memoryAt(path: string, bytes: number): string {
  return `--tmpfs=${path}:rw,nosuid,nodev,noexec,mode=1777,size=${bytes}`
}

function bound(source: string, target: string, access: string): string {
  return `--volume=${source}:${target}:${access}`
}

/**
 * The container level's filter for engines that know no default error: a call that is not named gets EPERM from them,
 * and at clone3 a libc gives up then, where it goes back to clone for ENOSYS.
 */
export function engineProfile(): SeccompProfile {
  const profile = seccompProfile(process.arch)
  const unknown = { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 } as const
  return { ...profile, syscalls: [...profile.syscalls, unknown] }
}
