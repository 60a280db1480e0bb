import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Event } from '../src/model/events.ts'
import type { Verification } from '../src/model/proof.ts'
import { dockerfileApps } from '../tests/e2e/dockerfile-apps.ts'
import { fill, folderOf, given } from '../tests/e2e/dockerfile-setting.ts'
import { DownloadServer } from '../tests/e2e/download-server.ts'
import { repository, TestBerth } from '../tests/e2e/test-berth.ts'
import { circumstances } from './docs.ts'
import { ending, say, untilTheEnd } from './ending.ts'
import { figureOf } from './measure.ts'
import { table } from './report.ts'

/**
 * Builds every example twice, the second time of nothing, elsewhere and in other circumstances, and prints whether both
 * came to the same digest and how long it took; then how long it takes to verify one that runs.
 * `bench/reproduce.ts [--examples NAME,…]`: a folder of `examples`, `applications/NAME` or `dockerfiles/NAME`; a name that ends
 * in `/*` stands for all of them. Needs root. The exit code is 1 when any differs.
 */
const { values: options } = parseArgs({ options: { examples: { type: 'string' } } })

interface Row {
  readonly example: string
  /** Seconds; of the ordinary build only what its store did not have. */
  readonly first: number
  readonly again: number
  readonly isSame: boolean
  readonly outcome: string
}

/** What is built: where it lies, and options of the command. */
interface Example {
  readonly name: string
  readonly folder: () => Promise<string>
  readonly given: readonly string[]
}

await untilTheEnd(async () => {
  const server = ending.use(await DownloadServer.create())
  const berth = ending.use(await TestBerth.create())
  const all = [...plainExamples(berth), ...applicationExamples(berth), ...(await dockerfileExamples(berth, server))]
  const rows: Row[] = []
  for (const example of all.filter(isWanted)) rows.push(await measure(berth, example))
  if (rows.some(({ isSame }) => !isSame)) process.exitCode = 1
  console.log(`${await circumstances()}\n\n${summaryOf(rows)}\n\n${await measureVerify(berth)}`)
})

function isWanted({ name }: Example): boolean {
  const wanted = options.examples?.split(',') ?? [name]
  return wanted.some((one) => one === name || (one.endsWith('/*') && name.startsWith(one.slice(0, -1))))
}

/** Every folder that can be built as it is. */
function plainExamples(berth: TestBerth): Example[] {
  return foldersIn('.')
    .filter((name) => !['applications', 'dockerfiles'].includes(name))
    .map((name) => ({ name, folder: () => berth.folder(`examples/${name}`), given: [] }))
}

/** They are named after their folders. */
function applicationExamples(berth: TestBerth): Example[] {
  const folderFor = async (name: string) => {
    const folder = await berth.folder(`examples/applications/${name}`)
    const path = join(folder, 'berth.toml')
    const manifest = await readFile(path, 'utf8').catch(() => '')
    await writeFile(path, `name = "${name}"\n${manifest}`)
    return folder
  }
  return foldersIn('applications').map((name) => ({
    name: `applications/${name}`,
    folder: () => folderFor(name),
    given: [],
  }))
}

/** @throws Error when a folder there is known to nobody, for it would be left out */
async function dockerfileExamples(berth: TestBerth, server: DownloadServer): Promise<Example[]> {
  const apps = dockerfileApps({ origin: server.origin, sha256: await fill(server) })
  const known = new Set(apps.map(({ name, example = name }) => example))
  const unknown = foldersIn('dockerfiles').filter((name) => !known.has(name))
  if (unknown.length > 0) throw new Error(`not in tests/e2e/dockerfile-apps.ts: ${unknown.join(', ')}`)
  return apps.map((app) => ({
    name: `dockerfiles/${app.name}`,
    folder: () => folderOf(berth, app),
    given: given(app),
  }))
}

function foldersIn(place: string): string[] {
  const entries = readdirSync(join(repository, 'examples', place), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function measure(berth: TestBerth, { name: example, folder, given: settings }: Example): Promise<Row> {
  const { events, last } = await berth.events('reproduce', await folder(), ...settings)
  const again = last.kind === 'reproduced' ? last.seconds : secondsOf(events, 1)
  const isSame = last.kind === 'reproduced'
  const row = { example, first: secondsOf(events, 0), again, isSame, outcome: outcomeOf(last) }
  say(cellsOf(row).join('  '))
  return row
}

function secondsOf(events: readonly Event[], index: number): number {
  const steps = events.filter((event) => event.kind === 'step-finished' && event.step === 'install')
  const step = steps[index]
  return step?.kind === 'step-finished' ? step.seconds : Number.NaN
}

function outcomeOf(last: Event): string {
  if (last.kind === 'reproduced') return `the same: ${last.digest.slice(0, 19)}`
  return last.kind === 'problem' ? `${last.code}: ${last.message}` : last.kind
}

function summaryOf(rows: readonly Row[]): string {
  const same = rows.filter(({ isSame }) => isSame)
  const [first, again] = [figureOf(same.map((row) => row.first)), figureOf(same.map((row) => row.again))]
  const medians = `Median: ${first.median.toFixed(1)} s as it is built, ${again.median.toFixed(1)} s again of nothing.`
  const lines = table([['example', 'first, s', 'again, s', 'digests'], ...rows.map(cellsOf)])
  return `${lines}\n\n${same.length} of ${rows.length} are the same, bit for bit. ${medians}`
}

function cellsOf({ example, first, again, outcome }: Row): string[] {
  return [example, first.toFixed(1), again.toFixed(1), outcome]
}

async function measureVerify(berth: TestBerth): Promise<string> {
  await berth.ok('deploy', await berth.folder('examples/flask'))
  const begun = performance.now()
  const [verification] = await berth.json<Verification[]>('verify', 'flask')
  const seconds = (performance.now() - begun) / 1000
  const { files = 0, bytes = 0, drift = [] } = verification ?? {}
  return `Verifying flask: ${seconds.toFixed(1)} s, ${files} files, ${bytes} bytes, ${drift.length} differ.`
}
