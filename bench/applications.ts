import { parseArgs } from 'node:util'
import { applications, deployed, isAnswer, verdictOn, type Application } from '../tests/e2e/applications.ts'
import { refusedApplications, type RefusedApplication } from '../tests/e2e/refused-applications.ts'
import { TestBerth } from '../tests/e2e/test-berth.ts'

/**
 * Deploys every application of `examples/applications` under the default, with its code as it is, asks it for its front
 * page, and prints whether that says what it should, or berth's message. Then come those that try what the default does not
 * give: of each the line of the manifest that berth names.
 * `bench/applications.ts [--only NAME,…]`; needs root. The exit code is 1 when any does not work.
 */
const { values: options } = parseArgs({ options: { only: { type: 'string' } } })

const wanted = options.only?.split(',')
const isWanted = ({ name }: { name: string }) => wanted?.includes(name) ?? true

await using berth = await TestBerth.create()
const working = await count(applications.filter(isWanted), isWorking)
const named = await count(refusedApplications.filter(isWanted), isNamed)
console.log(`${working} work; of ${named} that may not do something the line is named`)

/** @returns how many are as they should be, of how many; one that is not makes the exit code 1 */
async function count<Kind>(all: readonly Kind[], isRight: (one: Kind) => Promise<boolean>): Promise<string> {
  let right = 0
  for (const one of all) if (await isRight(one)) right += 1
  if (right < all.length) process.exitCode = 1
  return `${right} of ${all.length}`
}

async function isWorking(application: Application): Promise<boolean> {
  const begun = performance.now()
  const outcome = await deployed(berth, application)
  const verdict = verdictOn(application, outcome)
  const { name, runtime, uses } = application
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${name.padEnd(20)} ${runtime.padEnd(11)} ${uses.padEnd(42)} ${seconds.padStart(6)} s  ${verdict}`)
  if (isAnswer(outcome)) await berth.ok('destroy', name, '--yes', '--volumes')
  return verdict === 'works'
}

async function isNamed({ name, tries, files, line }: RefusedApplication): Promise<boolean> {
  const problem = await berth.problem('deploy', await berth.folder(files))
  console.log(`${name.padEnd(20)} may not ${tries.padEnd(46)} ${problem.fix}`)
  return problem.fix.includes(line)
}
