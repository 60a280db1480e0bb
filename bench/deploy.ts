import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { circumstances, writeIntoDocs } from './docs.ts'
import { ending, say, untilTheEnd } from './ending.ts'
import { removeGroup } from './groups.ts'
import { Samples } from './measure.ts'
import { berthPeer } from './peers/berth.ts'
import { composePeer } from './peers/compose.ts'
import { debianArchive, installDocker, startDocker, type DockerDaemon } from './peers/docker-daemon.ts'
import { dockerPeer } from './peers/docker.ts'
import { hostPeer } from './peers/host.ts'
import { kamalPeer } from './peers/kamal.ts'
import type { Peer } from './peers/peer.ts'
import { freePorts } from './ports.ts'
import { aimsTable, figuresTable } from './report.ts'
import { scenarios, type ScenarioName } from './scenarios.ts'

/**
 * Deploys one application by berth and by its peers, in turn, and prints how long each took:
 * `bench/deploy.ts [--rounds N] [--cold-rounds N] [--peers NAME,…] [--scenarios NAME,…] [--write]`
 * It needs root, installs Debian's docker where it is missing, and takes away what it starts, also after Ctrl-C.
 * Nothing here decides a test.
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    'cold-rounds': { type: 'string', default: '3' },
    peers: { type: 'string', default: 'berth,docker run,compose,kamal-proxy,host' },
    scenarios: { type: 'string', default: 'cold,same,line,start,disk,memory' },
    write: { type: 'boolean', default: false },
  },
})

const samples = new Samples()

await untilTheEnd(main)

async function main(): Promise<void> {
  const peers = await preparePeers(options.peers.split(','))
  for (const peer of peers) await firstDeploy(peer)
  for (const name of options.scenarios.split(',')) await runScenario(scenarioNamed(name), peers)
  await report(peers.map(({ name }) => name))
}

/** Peers share one docker daemon, and each has a folder and ports of its own. */
async function preparePeers(names: readonly string[]): Promise<Peer[]> {
  const tag = `berth-bench-${randomBytes(3).toString('hex')}`
  const folder = join('/var/tmp', tag)
  await mkdir(folder, { mode: 0o755 })
  ending.defer(() => rm(folder, { recursive: true, force: true }))
  ending.defer(() => removeGroup(`/${tag}`))
  const [dockerPort, composePort, kamalPort, kamalTlsPort, hostPort] = await freePorts()
  let daemon: DockerDaemon | undefined
  const docker = async () => (daemon ??= ending.use(await prepareDocker(folder, `/${tag}/docker`)))
  const makers: Readonly<Record<string, () => Promise<Peer>>> = {
    berth: () => berthPeer(`/${tag}/berth`),
    'docker run': async () => dockerPeer(await docker(), folder, dockerPort),
    compose: async () => composePeer(await docker(), folder, composePort),
    'kamal-proxy': async () => kamalPeer(await docker(), folder, [kamalPort, kamalTlsPort]),
    host: () => hostPeer(folder, `/${tag}/host`, hostPort),
  }
  const peers: Peer[] = []
  for (const name of names) {
    const make = makers[name]
    if (!make) throw new Error(`there is no peer '${name}', only ${Object.keys(makers).join(', ')}`)
    say(`preparing ${name}`)
    const peer = await make().catch((error: unknown) => say(`${name} is missing: ${String(error)}`))
    if (peer) peers.push(ending.use(peer))
  }
  return peers
}

async function prepareDocker(folder: string, group: string): Promise<DockerDaemon> {
  await installDocker()
  return startDocker(join(folder, 'dockerd'), group, await debianArchive())
}

/** Fills the caches that all the samples then find. */
async function firstDeploy(peer: Peer): Promise<void> {
  say(`first deploy by ${peer.name}`)
  await peer.deploy()
}

function scenarioNamed(name: string): ScenarioName {
  if (!Object.hasOwn(scenarios, name)) throw new Error(`there is no scenario '${name}'`)
  return name as ScenarioName // just looked up
}

/** A B C, A B C, …: whatever else the machine does meanwhile, it does to all of them. */
async function runScenario(name: ScenarioName, peers: readonly Peer[]): Promise<void> {
  const rounds = { cold: Number(options['cold-rounds']), disk: 1, memory: 1 }[name as string] ?? Number(options.rounds)
  for (let round = 1; round <= rounds; round += 1) {
    say(`${name}, round ${round} of ${rounds}`)
    for (const peer of peers) await scenarios[name](peer, samples)
  }
}

async function report(peers: readonly string[]): Promise<void> {
  const text = `${await circumstances()}\n\n${aimsTable(samples)}\n\n${figuresTable(samples, peers)}\n`
  console.log(text)
  if (options.write) await writeIntoDocs('deploy', text)
}
