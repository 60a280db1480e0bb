import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathsOf } from '../src/host/instance.ts'
import { hexOf, type Digest } from '../src/model/names.ts'
import type { Event } from '../src/model/events.ts'
import { repository, TestBerth } from '../tests/e2e/test-berth.ts'
import { attempt, run } from './commands.ts'
import { ending, say, untilTheEnd } from './ending.ts'
import { removeGroup } from './groups.ts'
import { figureOf } from './measure.ts'
import { baseImage, certificatesInside, debianArchive, installDocker, startDocker } from './peers/docker-daemon.ts'

/**
 * Builds images of the examples by berth, `docker build` (BuildKit) and buildah, in turn: cold (every layer but the base
 * is made anew, downloads are there), warm (nothing has changed), and the digests of two cold builds of each.
 * `bench/build.ts [--rounds N] [--examples NAME,…]`; needs root, installs docker and buildah where they are missing.
 * Nothing here decides a test.
 */
const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, examples: { type: 'string', default: 'flask,node,taslug' } },
})

const olderImage = `${baseImage}-bullseye`

/** The same applications for the others: dependencies before the source, downloads in cache mounts. */
const apt = (...names: readonly string[]) => `ARG COLD
RUN rm -f /etc/apt/apt.conf.d/docker-clean; echo cold $COLD
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}
WORKDIR /app
`
const dockerfiles: Readonly<Record<string, string>> = {
  flask: `FROM ${baseImage}
${apt('python3', 'python3-venv')}COPY requirements.txt .
ENV PIP_CERT=${certificatesInside}
RUN --mount=type=cache,target=/root/.cache/pip python3 -m venv venv && venv/bin/pip install -r requirements.txt
COPY webapp.py .
CMD ["venv/bin/gunicorn", "-b", "0.0.0.0:8000", "webapp:app"]
`,
  node: `FROM ${baseImage}
${apt('nodejs', 'npm')}COPY package.json package-lock.json ./
ENV NODE_EXTRA_CA_CERTS=${certificatesInside} npm_config_cafile=${certificatesInside}
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
COPY server.js .
CMD ["node", "server.js"]
`,
  // Python 2.7 is Debian 11's. pip does not know of dates: what is not pinned is the last that Python 2.7 can have.
  taslug: `FROM ${olderImage}
${apt('python2.7', 'virtualenv', 'python-pip-whl/bullseye', 'python3-pip/bullseye')}COPY requirements.txt .
ENV PIP_CERT=${certificatesInside}
RUN --mount=type=cache,target=/root/.cache/pip virtualenv --python=python2.7 venv && venv/bin/pip install -r requirements.txt
COPY webapp.py config.py .
CMD ["venv/bin/gunicorn", "-b", "0.0.0.0:80", "webapp:app"]
`,
}

interface Built {
  readonly seconds: number
  readonly digest: string
}

interface Builder {
  readonly name: string
  /** Builds an example; cold: every layer but the base anew. */
  readonly build: (example: string, cold: boolean) => Promise<Built>
}

await untilTheEnd(async () => {
  const builders = await prepare()
  for (const example of options.examples.split(',')) await compare(example, builders)
})

async function prepare(): Promise<Builder[]> {
  const tag = `berth-bench-${randomBytes(3).toString('hex')}`
  const folder = join('/var/tmp', tag)
  await mkdir(folder)
  ending.defer(() => rm(folder, { recursive: true, force: true }))
  ending.defer(() => removeGroup(`/${tag}`))
  const builders = [await berthBuilder()]
  for (const make of [dockerBuilder, buildahBuilder]) {
    const builder = await make(folder, tag).catch((error: unknown) => say(`one is missing: ${String(error)}`))
    if (builder) builders.push(builder)
  }
  return builders
}

async function compare(example: string, builders: readonly Builder[]): Promise<void> {
  for (const { name, build } of builders) {
    say(`${example}: first build by ${name}`)
    await build(example, false)
  }
  const colds = new Map<string, Built[]>()
  const warms = new Map<string, number[]>()
  for (let round = 1; round <= Math.max(2, Number(options.rounds)); round += 1) {
    say(`${example}: round ${round}`)
    for (const { name, build } of builders) {
      colds.set(name, [...(colds.get(name) ?? []), await build(example, true)])
      warms.set(name, [...(warms.get(name) ?? []), (await build(example, false)).seconds])
    }
  }
  const own = figureOf((colds.get('berth') ?? []).map(({ seconds }) => seconds)).median
  console.log(
    `${example.padEnd(10)} ${'cold'.padStart(8)} ${'ratio'.padStart(6)} ${'warm'.padStart(8)}  digests of two cold builds`,
  )
  for (const { name } of builders) {
    const built = colds.get(name) ?? []
    const cold = figureOf(built.map(({ seconds }) => seconds)).median
    const warm = figureOf(warms.get(name) ?? []).median
    const [one = '', other = ''] = built.map(({ digest }) => digest.replace('sha256:', '').slice(0, 12))
    const verdict = one === other ? 'the same' : 'differ'
    const numbers = [cold.toFixed(2).padStart(8), (own / cold).toFixed(2).padStart(6), warm.toFixed(2).padStart(8)]
    console.log(`${name.padEnd(10)} ${numbers.join(' ')}  ${one} ${other} ${verdict}`)
  }
}

async function berthBuilder(): Promise<Builder> {
  const berth = ending.use(await TestBerth.create())
  const folders = new Map<string, string>()
  return {
    name: 'berth',
    build: async (example, cold) => {
      const folder = folders.get(example) ?? (await berth.folder(`examples/${example}`))
      folders.set(example, folder)
      if (cold) await forgetLayers(berth)
      const { seconds, result } = await timed(() => berth.events('build', folder))
      const last: Event = result.last
      if (last.kind !== 'built') throw new Error(JSON.stringify(last))
      return { seconds, digest: last.digest }
    },
  }
}

/** Forgets every layer but the bases; what was downloaded stays, as it does in the others' cache mounts. */
async function forgetLayers({ home, instance }: TestBerth): Promise<void> {
  const records = join(home, 'cache', 'layers')
  for (const name of await readdir(records)) {
    // Written by this very tree's berth.
    const record = JSON.parse(await readFile(join(records, name), 'utf8')) as {
      standsOn: string[]
      diffId: Digest
      title: string
    }
    if (record.standsOn.length === 0 && record.title.startsWith('Debian')) continue
    await rm(join(records, name))
    await rm(join(pathsOf(instance).layers, hexOf(record.diffId)), { recursive: true, force: true })
    await rm(join(pathsOf(instance).blobs, hexOf(record.diffId)), { force: true })
  }
}

async function dockerBuilder(folder: string, tag: string): Promise<Builder> {
  await installDocker()
  const daemon = ending.use(await startDocker(join(folder, 'dockerd'), `/${tag}/docker`, await debianArchive()))
  await daemon.docker('import', await debianArchive('bullseye'), olderImage)
  let times = 0
  return {
    name: 'docker',
    build: async (example, cold) => {
      const context = await contextOf(folder, example)
      if (cold) times += 1
      const argv = ['build', '--quiet', '--network', 'host', '--tag', example, '--build-arg', `COLD=${times}`, context]
      const { seconds, result } = await timed(() => daemon.docker(...argv))
      return { seconds, digest: result.trim() }
    },
  }
}

async function buildahBuilder(folder: string): Promise<Builder> {
  if (!(await attempt(['sh', '-c', 'command -v buildah']))) {
    await run(['apt-get', 'install', '--yes', '--no-install-recommends', 'buildah'])
  }
  const storage = ['--root', join(folder, 'buildah'), '--runroot', join(folder, 'buildah-run')]
  const buildah = (...args: string[]) => run(['buildah', ...storage, ...args])
  ending.defer(() => attempt(['buildah', ...storage, 'rm', '--all']).then(() => undefined))
  for (const [suite, image] of [['bookworm', baseImage] as const, ['bullseye', olderImage] as const]) {
    const container = (await buildah('from', 'scratch')).trim()
    await buildah('add', '--quiet', container, await debianArchive(suite), '/')
    await buildah('commit', '--quiet', container, `localhost/${image}`)
  }
  let times = 0
  return {
    name: 'buildah',
    build: async (example, cold) => {
      const context = await contextOf(folder, example)
      if (cold) times += 1
      const { seconds, result } = await timed(() =>
        buildah(
          ...['build', '--quiet', '--layers', '--network', 'host', '--isolation', 'chroot', '--timestamp', '0'],
          ...['--tag', example, '--build-arg', `COLD=${times}`, context],
        ),
      )
      return { seconds, digest: result.trim().split('\n').at(-1) ?? '' }
    },
  }
}

async function contextOf(folder: string, example: string): Promise<string> {
  const context = join(folder, example)
  await cp(join(repository, 'examples', example), context, { recursive: true })
  await writeFile(join(context, 'Dockerfile'), dockerfiles[example] ?? '')
  return context
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ seconds: number; result: Result }> {
  const begun = performance.now()
  const result = await work()
  return { seconds: (performance.now() - begun) / 1000, result }
}
