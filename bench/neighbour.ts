import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { loadavg, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { levelNames } from '../src/model/levels.ts'
import { TestBerth } from '../tests/e2e/test-berth.ts'
import { circumstances, writeIntoDocs } from './docs.ts'
import { ending, say, untilTheEnd } from './ending.ts'
import { removeGroup, sum } from './groups.ts'
import { figureOf } from './measure.ts'
import { endAttack, isServing, lastingAttacks, type LastingAttack } from './neighbours/attacks.ts'
import { archivesOf, atLevel, byDocker, type Pair } from './neighbours/pairs.ts'
import { percentile, visit, type Seen } from './neighbours/visitors.ts'
import { debianArchive, installDocker, startDocker, type DockerDaemon } from './peers/docker-daemon.ts'
import { freePorts } from './ports.ts'
import { table } from './report.ts'

/**
 * How long an application's visitors wait while its neighbour, which somebody has taken over, takes all that it can get:
 * the exhaustion attacks of `berth audit`, each in turn with quiet, so that what else the machine does comes to both.
 * `bench/neighbour.ts [--levels NAME,…] [--attacks ID,…] [--rounds N] [--seconds N] [--rate N] [--write]`; `docker run` is a
 * name as well. `process` and `user` are refused: nothing would hold the attacks there but the host. Needs root, installs
 * Debian's docker where it is missing, and takes away what it starts. Nothing here decides a test.
 */
const { values: options } = parseArgs({
  options: {
    levels: { type: 'string', default: 'container,docker,podman,gvisor,docker run' },
    attacks: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.5' },
    rate: { type: 'string', default: '100' },
    write: { type: 'boolean', default: false },
  },
})

/** Until an attack is under way and berth has seen what it does, which takes a second or two. Milliseconds. */
const untilUnderWay = 2500
const untilQuiet = 700

interface Row {
  readonly attack: LastingAttack
  /** What was seen in each round. */
  readonly quiet: Seen[]
  readonly attacked: Seen[]
}

await untilTheEnd(async () => {
  const attacks = chosenAttacks(await lastingAttacks())
  const sections: string[] = []
  for await (const pair of pairs(options.levels.split(','))) {
    const rows: Row[] = []
    for (const attack of attacks) rows.push(await measure(pair, attack))
    const section = sectionOf(pair.name, rows)
    console.log(`\n${section}`)
    sections.push(section)
  }
  if (options.write) await writeIntoDocs('neighbour', `${await circumstances()}\n\n${sections.join('\n\n')}\n`)
})

function chosenAttacks(all: readonly LastingAttack[]): LastingAttack[] {
  const wanted = options.attacks?.split(',')
  return all.filter(({ id }) => wanted?.includes(id) ?? true)
}

/** One pair after the other, each taken away before the next: a level that the host cannot give is told and left out. */
async function* pairs(names: readonly string[]): AsyncGenerator<Pair> {
  const tag = `berth-bench-${randomBytes(3).toString('hex')}`
  const folder = join('/var/tmp', tag)
  await mkdir(folder)
  ending.defer(() => rm(folder, { recursive: true, force: true }))
  ending.defer(() => removeGroup(`/${tag}`))
  const docker = names.some((name) => name.startsWith('docker')) ? await prepareDocker(folder, tag) : undefined
  const berth = ending.use(await TestBerth.create())
  for (const name of names) {
    say(`preparing ${name}`)
    const made = name === 'docker run' && docker ? dockerRun(berth, docker, folder) : levelPair(berth, name)
    const pair = await made.catch((error: unknown) => say(`${name} is missing: ${String(error)}`))
    if (!pair) continue
    yield pair
    await pair[Symbol.asyncDispose]()
  }
}

async function prepareDocker(folder: string, tag: string): Promise<DockerDaemon> {
  await installDocker()
  const daemon = ending.use(await startDocker(join(folder, 'dockerd'), `/${tag}/docker`, await debianArchive()))
  // berth's own level `docker` takes the same daemon.
  process.env['DOCKER_HOST'] = daemon.environment['DOCKER_HOST']
  return daemon
}

async function levelPair(berth: TestBerth, name: string): Promise<Pair> {
  const level = levelNames.find((each) => each === name)
  if (!level) throw new Error(`there is no level '${name}', only ${levelNames.join(', ')}, and \`docker run\``)
  if (level === 'process' || level === 'user') throw new Error('nothing would hold the attacks there but the host')
  return atLevel(berth, level)
}

async function dockerRun(berth: TestBerth, daemon: DockerDaemon, folder: string): Promise<Pair> {
  const deployed = await atLevel(berth, 'container')
  const archives = await archivesOf(berth, folder)
  await deployed[Symbol.asyncDispose]()
  const [one, other] = await freePorts()
  return byDocker(daemon, archives, [one, other])
}

/** Quiet, attacked, quiet, attacked, … */
async function measure(pair: Pair, attack: LastingAttack): Promise<Row> {
  const row: Row = { attack, quiet: [], attacked: [] }
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    if (!(await isServing(pair.attacked))) await pair.restart()
    row.quiet.push(await visitNeighbour(pair, attack))
    const over = new AbortController()
    const attacking = attack.run(pair.attacked, over.signal)
    await sleep(untilUnderWay)
    row.attacked.push(await visitNeighbour(pair, attack))
    over.abort()
    await attacking
    if (!(await endAttack(pair.attacked))) await pair.restart()
    await sleep(untilQuiet)
  }
  say(
    `${pair.name}: ${cellsOf(row)
      .map((cell) => cell.trim())
      .join('  ')}`,
  )
  return row
}

/** Visitors are elsewhere in truth: what asks in their name does not compete with what is asked. */
async function visitNeighbour({ neighbour }: Pair, { path }: LastingAttack): Promise<Seen> {
  const [perSecond, seconds] = [Number(options.rate), Number(options.seconds)]
  setPriority(-19)
  try {
    return await visit({ address: neighbour, path, perSecond, seconds })
  } finally {
    setPriority(0)
  }
}

function sectionOf(name: string, rows: readonly Row[]): string {
  const head = ['', name, 'asked for', 'quiet p50, ms', 'p99', 'attacked p50, ms', 'p99', 'p99 ratio', 'errors']
  const load = loadavg().map((one) => one.toFixed(0))
  return `${table([head, ...rows.map(cellsOf)])}\n\nLoad ${load.join(', ')}; ${options.rate} requests a second.`
}

function cellsOf({ attack: { id, title, path }, quiet, attacked }: Row): string[] {
  const sides = [quiet, attacked]
  const [calm = Number.NaN, taken = Number.NaN] = sides.map((rounds) => typical(rounds, 0.99))
  const [calmMedian = Number.NaN, takenMedian = Number.NaN] = sides.map((rounds) => typical(rounds, 0.5))
  const [before = 0, errors = 0] = sides.map((rounds) => sum(rounds.map((round) => round.errors)))
  const figures = [calmMedian, calm, takenMedian, taken].map((figure) => figure.toFixed(1))
  const shown = before === 0 ? String(errors) : `${errors} (quiet ${before})`
  return [id, title, path === '/' ? 'page' : 'write', ...figures, (taken / calm).toFixed(2), shown]
}

/** Of each round by itself, and then the median of the rounds: a stranger's work that falls into one of them decides nothing. */
function typical(rounds: readonly Seen[], share: number): number {
  return figureOf(rounds.map(({ milliseconds }) => percentile(milliseconds, share))).median
}
