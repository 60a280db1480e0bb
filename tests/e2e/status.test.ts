import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { cgroupFacts } from '../../src/host/cgroups.ts'
import type { AppStatus } from '../../src/model/api.ts'
import { levelNames } from '../../src/model/levels.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { pythonApp } from './apps.ts'
import { TestBerth } from './test-berth.ts'

/** Docker needs a daemon of a test's own. */
const levels = levelNames.filter((level) => levelPromises[level].seenFromHost && level !== 'docker')

describe('berth status', () => {
  let berth: TestBerth
  before(async () => {
    berth = await TestBerth.create()
  })
  after(() => berth[Symbol.asyncDispose]())

  for (const level of levels) {
    it(`sees that ${level} is what it stands for`, async () => {
      await berth.ok(
        'deploy',
        await berth.folder(pythonApp({ name: 'shop', manifest: `[isolation]\nlevel = "${level}"\n` })),
      )
      const { posture } = await berth.json<AppStatus>('status', 'shop')
      assert.deepEqual(posture?.drift, [])
      assert.ok(posture.threads > 0)
      assert.match((await berth.ok('status', 'shop')).stdout, new RegExp(`^posture .* what ${level} stands for$`, 'm'))
    })
  }

  it('shows a limit that somebody has lifted meanwhile', async () => {
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'shop', manifest: '[isolation]\npids = 100\n' })))
    const { sandbox } = await berth.json<AppStatus>('status', 'shop')
    await writeFile(await pidsLimitOf(sandbox?.pid ?? 0), 'max')
    const { posture } = await berth.json<AppStatus>('status', 'shop')
    assert.deepEqual(posture?.drift, ['its control group: pids is Infinity, and should be 100'])
    assert.match(
      (await berth.ok('status', 'shop')).stdout,
      /NOT what container stands for\n *DRIFT +its control group: pids/,
    )
  })
})

async function pidsLimitOf(pid: number): Promise<string> {
  const facts = await cgroupFacts()
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n').map((line) => line.split(':'))
  const isTwo = facts.version === 2
  const path = lines.find(([number, names]) => (isTwo ? number === '0' : names === 'pids'))?.[2]
  return `${isTwo ? facts.root : facts.roots.get('pids')}${path}/pids.max`
}
