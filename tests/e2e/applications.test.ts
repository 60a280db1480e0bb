import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { pythonApp } from './apps.ts'
import { applications, deployed, verdictOn } from './applications.ts'
import { refusedApplications } from './refused-applications.ts'
import { eventually, TestBerth } from './test-berth.ts'

/** `npm run bench:applications` deploys all of them; here are those that are quickly built. */
const quick = ['multiprocessing', 'asyncio-subprocess', 'worker-threads']
/** Node's collector fights for long before it gives up. */
const slow = ['node-heap']

describe('the default', { timeout: 300_000 }, () => {
  let berth: TestBerth

  before(async () => {
    berth = await TestBerth.create()
  })
  after(() => berth[Symbol.asyncDispose]())

  for (const application of applications.filter(({ name }) => quick.includes(name))) {
    it(`lets ${application.name} have what it uses: ${application.uses}`, async () => {
      assert.equal(verdictOn(application, await deployed(berth, application)), 'works')
    })
  }

  it('lets an application open its output by name, as the logs of web servers do', async () => {
    const code = `for name in ('stdout', 'stderr'): open('/dev/' + name, 'w').write('by name: ' + name + '\\n')`
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'loud', code })))
    // The monitor writes what it reads, whatever the application has answered meanwhile.
    await eventually('both are in the log', async () => {
      const { stdout } = await berth.ok('logs', 'loud')
      return /by name: stdout/.test(stdout) && /by name: stderr/.test(stdout)
    })
  })

  for (const { name, tries, files, line } of refusedApplications.filter((one) => !slow.includes(one.name))) {
    it(`names the line that would let ${name} ${tries}`, async () => {
      const problem = await berth.problem('deploy', await berth.folder(files))
      assert.ok(problem.fix.includes(`add \`${line}\` to [isolation]`), `${problem.fix}\n${problem.lines?.join('\n')}`)
    })
  }
})
