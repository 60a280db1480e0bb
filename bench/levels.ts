import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { levelNames } from '../src/model/levels.ts'
import { TestBerth } from '../tests/e2e/test-berth.ts'
import { attempt } from './commands.ts'
import { ending, say, untilTheEnd } from './ending.ts'
import { makeGroup, removeGroup } from './groups.ts'
import { figureOf } from './measure.ts'
import { debianArchive, installDocker, startDocker } from './peers/docker-daemon.ts'
import { archiveOf, atLevel, byDocker, byPodman, type Starter } from './peers/levels.ts'
import { freePorts } from './ports.ts'

/**
 * From the command that starts an application to its first answer: at each level that this host gives, and by
 * `docker run -d` and `podman run -d` of the same image, in turn.
 * `bench/levels.ts [--rounds N] [--examples NAME,…] [--levels NAME,…]`; needs root, installs Debian's docker where it is
 * missing, and takes away what it starts. Nothing here decides a test.
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    examples: { type: 'string', default: 'flask,node' },
    levels: { type: 'string', default: levelNames.join(',') },
  },
})

await untilTheEnd(main)

async function main(): Promise<void> {
  const tag = `berth-bench-${randomBytes(3).toString('hex')}`
  const folder = join('/var/tmp', tag)
  await mkdir(folder)
  ending.defer(() => rm(folder, { recursive: true, force: true }))
  ending.defer(() => removeGroup(`/${tag}`))
  await installDocker()
  const daemon = ending.use(await startDocker(join(folder, 'dockerd'), `/${tag}/docker`, await debianArchive()))
  // berth's own level `docker` takes the same daemon.
  process.env['DOCKER_HOST'] = daemon.environment['DOCKER_HOST']
  const berth = ending.use(await TestBerth.create())
  const group = await makeGroup(`/${tag}/berth`, [`/${berth.instance.name}`, daemon.group.path])
  const podmanGroup = await makeGroup(`/${tag}/podman`)
  ending.defer(() => attempt(['umount', join(folder, 'podman/root/overlay')]).then(() => undefined))
  const [dockerPort, podmanPort] = await freePorts()
  for (const example of options.examples.split(',')) {
    const starters: Starter[] = []
    const prepare = async (name: string, make: () => Promise<Starter>) => {
      say(`${example}: preparing ${name}`)
      const starter = await make().catch((error: unknown) => say(`${name} is missing: ${String(error)}`))
      if (starter) starters.push(starter)
    }
    for (const level of levelNames.filter((name) => options.levels.split(',').includes(name)))
      await prepare(level, () => atLevel({ berth, group }, example, level))
    const archive = await archiveOf(berth, example, folder)
    await prepare('docker run', () => byDocker(daemon, example, archive, dockerPort))
    const podman = { folder: join(folder, 'podman'), group: podmanGroup }
    await prepare('podman run', () => byPodman(podman, example, archive, podmanPort))
    await compare(example, starters)
  }
}

async function compare(example: string, starters: readonly Starter[]): Promise<void> {
  const samples = new Map<string, number[]>()
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    say(`${example}: round ${round}`)
    for (const { name, start, stop } of starters) {
      const seconds = await start().catch((error: unknown) => say(`${name}: ${String(error)}`))
      if (seconds !== undefined) samples.set(name, [...(samples.get(name) ?? []), seconds])
      await stop().catch((error: unknown) => say(`${name}: ${String(error)}`))
    }
  }
  const load = loadavg().map((one) => one.toFixed(0))
  const docker = figureOf(samples.get('docker run') ?? []).median
  console.log(
    `\n${example}; ${new Date().toISOString().slice(0, 10)}, load ${load.join(', ')}, ${options.rounds} rounds\n`,
  )
  console.log(`| start to answer | median, s | least to most | of docker's |\n| --- | --- | --- | --- |`)
  for (const [name, seconds] of samples) {
    const { median, least, most } = figureOf(seconds)
    const cells = [name, median.toFixed(2), `${least.toFixed(2)}–${most.toFixed(2)}`, (median / docker).toFixed(2)]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
