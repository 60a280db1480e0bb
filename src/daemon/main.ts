import { createHash } from 'node:crypto'
import { cleanAudits } from '../audit/index.ts'
import {
  Busy,
  cleanReproductions,
  Endings,
  keepEgress,
  keepFront,
  reconcile,
  Refusals,
  scrubInBackground,
  Supervisor,
  type Berth,
} from '../deploy/index.ts'
import { egressOn } from '../egress/egress.ts'
import { caddyFront } from '../front/caddy.ts'
import { mkdir } from '../host/files.ts'
import { instanceFrom, pathsOf, type Instance } from '../host/instance.ts'
import { ensureRunDirectory } from '../host/mounts.ts'
import { ipv4Routes, refuseNetwork } from '../host/routes.ts'
import { ImageStore } from '../image/index.ts'
import { cleanBuilds } from '../isolation/build/debris.ts'
import { ladder } from '../isolation/ladder.ts'
import { chooseBlock, nameServerOf, networkOf } from '../steps/start/links.ts'
import { State } from '../store/state.ts'
import { listen } from './server.ts'
import { messageOf } from '../model/problem.ts'

/** Runs the daemon until SIGTERM or SIGINT. Applications and the front go on without it. */
export async function serve(): Promise<void> {
  // Whatever berth writes is readable by those it is meant for, and writable by nobody else.
  process.umask(0o022)
  const instance = instanceFrom(process.env)
  const state = await State.open(instance)
  await ensureRunDirectory(instance)
  const supervisor = new Supervisor()
  const berth = await assemble(instance, state, supervisor)
  supervisor.attach(berth)
  await cleanBuilds(instance)
  await cleanReproductions(instance)
  await cleanAudits(instance)
  // Names come before what asks for them; without them, applications serve all the same.
  const unnamed = (error: unknown) => berth.log(`egress: ${messageOf(error)}`)
  await berth.egress.open().catch(unnamed)
  await reconcile(berth, supervisor)
  const endWatch = berth.isolator.watch((id, exit) => berth.endings.report(id, exit))
  const endFrontWatch = keepFront(berth)
  const endEgressWatch = keepEgress(berth)
  const endScrub = scrubInBackground(berth)
  const server = await listen(berth)
  berth.log(`ready on ${berth.paths.socket}`)
  await new Promise((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
  berth.log('ending; applications go on')
  supervisor.close()
  await server.close()
  endWatch()
  endFrontWatch()
  endEgressWatch()
  await berth.egress.close().catch(unnamed)
  endScrub()
  state.close()
  process.exit(0) // what drains is taken up again by the next daemon
}

async function assemble(instance: Instance, state: State, supervisor: Supervisor): Promise<Berth> {
  const paths = pathsOf(instance)
  for (const folder of [paths.blobs, paths.layers, paths.volumes, paths.temporary]) {
    await mkdir(folder, { recursive: true, mode: 0o711 })
  }
  const block = await ownBlock(instance, state)
  for (const folder of [paths.logs, paths.keys]) await mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    instance,
    paths,
    state,
    images: new ImageStore(instance),
    isolator: ladder(instance),
    front: caddyFront(instance),
    egress: egressOn(instance, { nameServer: nameServerOf(block), block: networkOf(block) }),
    refusals: new Refusals(),
    block,
    busy: new Busy(),
    endings: new Endings((id, exit) => supervisor.ended(id, exit)),
    background: new Set(),
    documented: new Set(),
    log: (line) => process.stderr.write(`${new Date().toISOString()} ${line}\n`),
  }
}

/** The addresses of this instance's sandboxes: the same block as ever, unless a route of the host has come in its way. */
async function ownBlock(instance: Instance, state: State): Promise<string> {
  const kept = state.fact('block')
  const routes = (await ipv4Routes()).filter((route) => kept === undefined || route !== networkOf(kept))
  const seed = createHash('sha256').update(instance.home).digest().readUInt16BE(0)
  const mustKeep = kept !== undefined && state.sandboxes.list().length > 0
  const block = mustKeep ? kept : chooseBlock(routes, seed, kept)
  state.setFact('block', block)
  // Without this, a request for a sandbox that has just ended would leave by the default route, to a stranger.
  await refuseNetwork(networkOf(block))
  return block
}
