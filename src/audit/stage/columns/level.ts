import { mkdir } from '../../../host/files.ts'
import type { PostAnswer } from '../../../host/post.ts'
import { ladder } from '../../../isolation/ladder.ts'
import { bandwidthOf, standardBandwidth } from '../../../model/egress.ts'
import type { LevelName } from '../../../model/levels.ts'
import { messageOf } from '../../../model/problem.ts'
import type { Limits } from '../../../model/release.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { places, sceneInstance, volumeOf } from '../places.ts'
import type { Column, RunningApp, SceneApp } from './column.ts'
import { imageFor, lend } from './lent.ts'

const mebibyte = 1024 ** 2

/** What the applications of the scene may use: what a manifest gives by default, or less where that only takes time. */
const sceneLimits: Limits = {
  ...{ memoryBytes: 256 * mebibyte, cpus: 0.5, pids: 128, tmpBytes: 32 * mebibyte },
  ioBytesPerSecond: 32 * mebibyte,
}
const volumeSize = { bytes: 64 * mebibyte, inodes: 4096 }

const sceneIsolator = ladder(sceneInstance)

/** A level of berth's own, by the same code that starts operators' applications. */
export function levelColumn(level: LevelName, kernel?: string): Column {
  return {
    name: level,
    kind: 'level',
    hasOwnKernel: level === 'gvisor' || level === 'vm',
    missing: async () => {
      await lend(level, kernel)
      return sceneIsolator.missing(level)
    },
    prepare: () => Promise.resolve(),
    start: async (app) => {
      const spec = { ...specOf(level, app), ...(await imageFor(level, app)) }
      await mkdir(`${places.home}/volumes/${app.role}`, { recursive: true })
      const { pid } = await sceneIsolator.start(spec)
      return runningOf(spec, app, pid)
    },
    stop: (app) => sceneIsolator.stop(idOf(app), 1),
    renew: () => Promise.resolve(), // the same layers, whatever it did
    exec: (app, argv, seconds) => execInside(idOf(app), argv, seconds),
    isRunning: async (app) =>
      (await sceneIsolator.list()).some(({ id, state }) => id === idOf(app) && state === 'running'),
  }
}

/** Bytes of what a command says that are kept. */
const mostOutput = mebibyte

async function execInside(id: string, argv: readonly string[], seconds: number): Promise<PostAnswer> {
  let body = ''
  const io = {
    stdout: (chunk: Buffer) => {
      if (body.length < mostOutput) body += chunk.toString()
    },
    stderr: () => undefined,
  }
  const deadline = AbortSignal.timeout(seconds * 1000)
  try {
    const exit = await sceneIsolator.exec(id, argv, io, deadline)
    if (deadline.aborted) return { kind: 'silence', reason: `not done within ${seconds} s` }
    return { kind: 'answer', status: exit.kind === 'code' && exit.code === 0 ? 200 : 500, body }
  } catch (error) {
    return { kind: 'silence', reason: messageOf(error) }
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
    volume: spec.volumes[0]?.target ?? '/tmp',
    volumeOnHost: spec.volumes[0]?.source ?? '/nonexistent',
    log: spec.logFile,
  }
}

/** Above all ranges that a state hands out, so that nothing of this host's own has the same ids. */
const firstId = 2_000_000_000

function specOf(level: LevelName, app: SceneApp): SandboxSpec {
  const number = app.number + (app.role === 'attacked' ? 0 : 100)
  const hostAddress = `10.254.1.${number * 2}`
  const { limits = sceneLimits, egress = [] } = app.copied ?? {}
  return {
    id: idOf(app),
    level,
    hostname: app.role,
    layers: app.layers,
    argv: app.argv,
    workdir: app.workdir,
    env: { ...app.env, PORT: String(app.port) },
    idBase: firstId + (app.role === 'attacked' ? 0 : 65_536),
    volumes: volumesOf(app),
    limits,
    port: app.port,
    link: { hostAddress, sandboxAddress: `10.254.1.${number * 2 + 1}` },
    network: { egress, links: [], bandwidth: bandwidthOf(standardBandwidth), nameServer: hostAddress },
    logFile: `${places.home}/logs/${app.role}/${idOf(app)}.log`,
  }
}

/** Those of a copied release are empty, and no larger than the scene's own. */
function volumesOf({ role, copied }: SceneApp): SandboxSpec['volumes'] {
  const targets = copied?.volumes ?? [places.volume]
  return targets.map((target, index) => {
    const source = index === 0 ? volumeOf(role) : `${volumeOf(role)}-${index}`
    return { source, target, image: { file: `${source}.ext4`, ...volumeSize } }
  })
}
