import { createInterface } from 'node:readline'
import { readlink } from '../../host/files.ts'
import { columnCalled } from './columns/index.ts'
import { playBattery } from './battery.ts'
import { ownLimits } from './limits.ts'
import { StageOrder, type StageLine } from './order.ts'
import { places } from './places.ts'
import { intruderMark } from './processes.ts'
import { examinePosture } from './posture-facts.ts'
import { Scene } from './scene.ts'
import { hostMemoryKibibytes, makeDisk, pythonAt, writeScene, writeTools } from './scene-files.ts'
import { makeNetwork, startHostService } from './scene-network.ts'
import { newTokens } from './tokens.ts'
import type { SceneApp } from './columns/column.ts'

/**
 * What runs inside the outer container: it makes the scene, starts the applications, attacks, and judges. Its order is
 * the first line of its input; when that input ends, whoever gave the order is gone, and so is everything here.
 */

process.umask(0o022)
const lines = createInterface({ input: process.stdin })
let isBegun = false
lines.on('line', (line) => {
  if (isBegun) return
  isBegun = true
  play(StageOrder.parse(JSON.parse(line))).then(
    () => end({ kind: 'done' }),
    (error: unknown) => end({ kind: 'failed', reason: reasonOf(error) }),
  )
})
lines.on('close', () => process.exit(1))

async function play(order: StageOrder): Promise<void> {
  const column = columnCalled(order.column, order.kernel)
  const missing = await column.missing()
  say({ kind: 'column', missing })
  if (missing.length > 0) return
  const tokens = newTokens()
  await writeScene(tokens, order)
  await makeNetwork(tokens)
  const limits = await ownLimits()
  const hostPid = await startHostService(tokens, limits)
  await column.prepare()
  const vulnerable = appOf(order, 'attacked', { layers: [places.witnessLayer], env: {} })
  const scene = await Scene.start({
    ...{ tokens, column, hostPid, limits },
    disk: await makeDisk(tokens.disk),
    memory: await hostMemoryKibibytes(),
    namespaces: new Map([
      ['uts', await readlink('/proc/self/ns/uts')],
      ['net', await readlink('/proc/self/ns/net')],
    ]),
    ...(order.release ? await intruding(order.release) : { attacked: vulnerable }),
    neighbour: appOf(order, 'neighbour', {
      layers: [places.neighbourLayer],
      env: { NEIGHBOUR_SECRET: tokens.neighbourEnvironment },
    }),
  })
  const { spec, pid } = scene.running.attacked
  // What has a kernel of its own has no process of the application's on the host.
  if (spec && !column.hasOwnKernel) say({ kind: 'posture', report: await examinePosture(spec, pid) })
  await playBattery(scene, order.attacks, (attack, cell) => say({ kind: 'cell', attack, cell }))
}

/** A copy of an operator's release in which nothing of it runs but who has taken it over. */
async function intruding({
  layers,
  workdir,
  env,
  port,
  ...copied
}: NonNullable<StageOrder['release']>): Promise<{ attacked: SceneApp; intruder: string[] }> {
  await writeTools()
  const intruder = await pythonAt(places.toolsInside)
  const wait = 'import signal, sys\nsignal.signal(15, lambda *_: sys.exit(0))\nwhile True: signal.pause()'
  const attacked: SceneApp = {
    ...{ role: 'attacked', number: 1, layers: [...layers, places.toolsLayer], env, workdir, port, copied },
    argv: [...intruder, '-c', wait, intruderMark],
  }
  return { attacked, intruder }
}

function appOf(
  { image }: StageOrder,
  role: SceneApp['role'],
  more: { readonly layers: readonly string[]; readonly env: Readonly<Record<string, string>> },
): SceneApp {
  const { argv, workdir, env, port } = image
  return {
    ...{ role, number: 1, argv, workdir, port },
    layers: [...image.layers, ...more.layers],
    env: { ...env, ...more.env },
  }
}

function say(line: StageLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function end(line: StageLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${(error.stack ?? '').split('\n')[1]?.trim() ?? ''}` : String(error)
}
