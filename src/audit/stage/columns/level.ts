import { mkdir } from '../../../host/files.ts'
import { instanceFrom } from '../../../host/instance.ts'
import { ladder } from '../../../isolation/ladder.ts'
import type { LevelName } from '../../../model/levels.ts'
import type { Limits } from '../../../model/release.ts'
import { type SandboxSpec } from '../../../model/sandbox.ts'
import { places, sceneRun, volumeOf } from '../places.ts'
import type { Column, RunningApp, SceneApp } from './column.ts'

/** What the applications of the scene may use: what the manifest gives by default, or less where that only takes time. */
const limits: Limits = {
  memoryBytes: 256 * 1024 ** 2,
  cpus: 0.5,
  pids: 128,
  tmpBytes: 32 * 1024 ** 2,
  ioBytesPerSecond: 20 * 1024 ** 2,
}

export const sceneInstance = instanceFrom({ BERTH_HOME: places.home, BERTH_RUN: sceneRun })
export const sceneIsolator = ladder(sceneInstance)

/** A level of berth's own, by the same code that starts operators' applications. */
export function levelColumn(level: LevelName): Column {
  return {
    name: level,
    kind: 'level',
    hasOwnKernel: level === 'gvisor' || level === 'vm',
    missing: () => sceneIsolator.missing(level),
    prepare: () => Promise.resolve(),
    start: async (app) => {
      const spec = specOf(level, app)
      await mkdir(volumeOf(app.role), { recursive: true })
      const { pid } = await sceneIsolator.start(spec)
      return runningOf(spec, app, pid)
    },
    stop: (app) => sceneIsolator.stop(idOf(app), 1),
    renew: () => Promise.resolve(), // the same layers, whatever it did
  }
}

function idOf({ role, number }: SceneApp): string {
  return `${role}-${number}`
}

function runningOf(spec: SandboxSpec, app: SceneApp, pid: number): RunningApp {
  const { sandboxAddress = '', hostAddress = '' } = spec.link ?? {}
  return {
    ...{ address: sandboxAddress, port: 80, pid, gateway: hostAddress, spec },
    code: `${app.workdir}/webapp.py`,
    volume: places.volume,
    volumeOnHost: volumeOf(app.role),
    log: spec.logFile,
  }
}

/** Above all ranges that a state hands out, so that nothing of this host's own has the same ids. */
const firstId = 2_000_000_000

export function specOf(level: LevelName, app: SceneApp): SandboxSpec {
  const number = app.number + (app.role === 'attacked' ? 0 : 100)
  return {
    id: idOf(app),
    level,
    hostname: app.role,
    layers: app.layers,
    argv: app.argv,
    workdir: app.workdir,
    env: { ...app.env, PORT: String(app.port) },
    idBase: firstId + (app.role === 'attacked' ? 0 : 65_536),
    volumes: [{ source: volumeOf(app.role), target: places.volume }],
    limits,
    port: app.port,
    link: { hostAddress: `10.254.1.${number * 2}`, sandboxAddress: `10.254.1.${number * 2 + 1}` },
    logFile: `${places.home}/logs/${app.role}/${idOf(app)}.log`,
  }
}
