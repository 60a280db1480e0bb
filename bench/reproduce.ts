import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import type { Event } from '../src/model/events.ts'
import type { Verification } from '../src/model/proof.ts'
import { repository, TestBerth } from '../tests/e2e/test-berth.ts'

/**
 * Builds every example twice, the second time of nothing, elsewhere and in other circumstances, and prints whether both
 * came to the same digest and how long it took; then how long it takes to verify one that runs.
 * `bench/reproduce.ts [--examples NAME,…]`; needs root. Nothing here decides a test.
 */
const { values: options } = parseArgs({ options: { examples: { type: 'string' } } })

interface Row {
  readonly example: string
  /** Seconds; of the ordinary build only what its store did not have. */
  readonly first: number
  readonly again: number
  readonly outcome: string
}

await using berth = await TestBerth.create()
for (const example of options.examples?.split(',') ?? allExamples()) console.log(line(await measure(example)))
await measureVerify()

/** Every folder that can be built as it is. */
function allExamples(): string[] {
  const found = readdirSync(join(repository, 'examples'), { withFileTypes: true, recursive: true })
  const marks = new Set(['Dockerfile', 'requirements.txt', 'package.json'])
  const folders = found.filter(({ name }) => marks.has(name)).map(({ parentPath }) => parentPath)
  return [...new Set(folders.map((folder) => relative(join(repository, 'examples'), folder)))].sort()
}

async function measure(example: string): Promise<Row> {
  const folder = await berth.folder(`examples/${example}`)
  const { events, last } = await berth.events('reproduce', folder)
  const again = last.kind === 'reproduced' ? last.seconds : secondsOf(events, 1)
  return { example, first: secondsOf(events, 0), again, outcome: outcomeOf(last) }
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
    example.padEnd(24),
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
