import { bandwidthOf } from '../model/egress.ts'
import { bytesOf, type Manifest } from '../model/manifest.ts'
import type { ImageConfigPlan } from '../model/plan.ts'
import { standardStopSignal, stopSignalName } from '../model/stop-signal.ts'
import { healthOf } from '../steps/start/image-health.ts'
import { standardIo, standardVolume, type RunSpec } from '../model/release.ts'

/** How a release runs: what the manifest says, with the image's command, environment and folder. */
export function runSpecOf(manifest: Manifest, config: ImageConfigPlan): RunSpec {
  const { start, isolation, initialise } = manifest
  return {
    argv: [...config.argv],
    workdir: config.workdir,
    env: { ...config.env },
    port: config.port,
    health: healthOf(start, config),
    stopGraceSeconds: start.stop_grace,
    ...stopPart(start.stop_signal ?? stopSignalName(config.stopSignal ?? '')),
    drainSeconds: start.drain,
    domains: start.domains,
    level: isolation.level,
    ...(isolation.audit === undefined ? {} : { audit: isolation.audit }),
    limits: {
      memoryBytes: bytesOf(isolation.memory ?? '512M'),
      cpus: isolation.cpus ?? 1,
      pids: isolation.pids ?? 256,
      tmpBytes: bytesOf(isolation.tmp ?? '64M'),
      ioBytesPerSecond: isolation.io === undefined ? standardIo : bytesOf(isolation.io),
    },
    syscalls: isolation.syscalls ?? [],
    egress: isolation.egress,
    links: isolation.links,
    bandwidth: bandwidthOf(isolation.bandwidth),
    volumes: Object.entries(isolation.volumes).map(([name, { path, size, files }]) => ({
      name,
      path,
      ...volumeSize(size, files),
    })),
    initialise: { commands: initialise.run.map(commandLine), timeoutSeconds: initialise.timeout },
  }
}

/** Releases of earlier berths say nothing of it, and are the same as those that ask as these did. */
function stopPart(stopSignal: string | undefined): Pick<RunSpec, 'stopSignal'> {
  return stopSignal === undefined || stopSignal === standardStopSignal ? {} : { stopSignal }
}

/** As many files as ext4 gives by itself: one for each 16 KiB, and never so few that a small volume is of no use. */
function volumeSize(size: string | undefined, files: number | undefined): { bytes: number; inodes: number } {
  const bytes = size === undefined ? standardVolume.bytes : bytesOf(size)
  return { bytes, inodes: files ?? Math.max(1024, Math.floor(bytes / 16_384)) }
}

/** A line is for a shell inside the sandbox; a list is for nobody but the program. */
function commandLine(command: string | string[]): string[] {
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : command
}
