import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Event } from '../src/model/events.ts'
import type { Verification } from '../src/model/proof.ts'
import { dockerfileApps } from '../tests/e2e/dockerfile-apps.ts'
import { fill, folderOf, given } from '../tests/e2e/dockerfile-setting.ts'
import { DownloadServer } from '../tests/e2e/download-server.ts'
import { repository, TestBerth } from '../tests/e2e/test-berth.ts'

/**
 * Builds every example twice, the second time of nothing, elsewhere and in other circumstances, and prints whether both
 * came to the same digest and how long it took; then how long it takes to verify one that runs.
 * `bench/reproduce.ts [--examples NAME,…]`, of which those with a Dockerfile are called `dockerfiles/NAME`; needs root. The
 * exit code is 1 when any differs.
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

await using server = await DownloadServer.create()
await using berth = await TestBerth.create()
const all = [...plainExamples(), ...dockerfileExamples(await fill(server))]
const wanted = options.examples?.split(',')
for (const example of all.filter(({ name }) => wanted?.includes(name) ?? true)) {
  const row = await measure(example)
  if (!row.isSame) process.exitCode = 1
  console.log(line(row))
}
await measureVerify()

/** Every folder that can be built as it is. */
function plainExamples(): Example[] {
  const entries = readdirSync(join(repository, 'examples'), { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !['applications', 'dockerfiles'].includes(entry.name))
    .map(({ name }) => ({ name, folder: () => berth.folder(`examples/${name}`), given: [] }))
}

function dockerfileExamples(sha256: string): Example[] {
  return dockerfileApps({ origin: server.origin, sha256 }).map((app) => ({
    name: `dockerfiles/${app.name}`,
    folder: () => folderOf(berth, app),
    given: given(app),
  }))
}

async function measure({ name: example, folder, given: settings }: Example): Promise<Row> {
  const { events, last } = await berth.events('reproduce', await folder(), ...settings)
  const again = last.kind === 'reproduced' ? last.seconds : secondsOf(events, 1)
  const isSame = last.kind === 'reproduced'
  return { example, first: secondsOf(events, 0), again, isSame, outcome: outcomeOf(last) }
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

function line({ example, first, again, outcome }: Row): string {
  return [
    example.padEnd(28),
    `${first.toFixed(1)} s`.padStart(8),
    `${again.toFixed(1)} s`.padStart(8),
    `  ${outcome}`,
  ].join(' ')
}

async function measureVerify(): Promise<void> {
  await berth.ok('deploy', await berth.folder('examples/flask'))
  const begun = performance.now()
  const [verification] = await berth.json<Verification[]>('verify', 'flask')
  const seconds = (performance.now() - begun) / 1000
  const { files = 0, bytes = 0, drift = [] } = verification ?? {}
  console.log(`verify flask: ${seconds.toFixed(1)} s, ${files} files, ${bytes} bytes, ${drift.length} differ`)
}
