import { parseArgs } from 'node:util'
import { applications, deployed, verdictOn } from '../tests/e2e/applications.ts'
import { TestBerth } from '../tests/e2e/test-berth.ts'

/**
 * Deploys every application of `examples/applications` under the default, with its code as it is, asks it for its front
 * page, and prints whether that says what it should, or berth's message.
 * `bench/applications.ts [--only NAME,…]`; needs root. The exit code is 1 when any does not work.
 */
const { values: options } = parseArgs({ options: { only: { type: 'string' } } })

const wanted = options.only?.split(',')
const chosen = applications.filter(({ name }) => wanted?.includes(name) ?? true)

await using berth = await TestBerth.create()
let working = 0
for (const application of chosen) {
  const { name, runtime, uses } = application
  const begun = performance.now()
  const outcome = await deployed(berth, application)
  const verdict = verdictOn(application, outcome)
  if (verdict === 'works') working += 1
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${name.padEnd(20)} ${runtime.padEnd(11)} ${uses.padEnd(42)} ${seconds.padStart(6)} s  ${verdict}`)
  if ('status' in outcome && 'text' in outcome) await berth.ok('destroy', name, '--yes', '--volumes')
}
console.log(`${working} of ${chosen.length} work`)
if (working < chosen.length) process.exitCode = 1
