import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { cgroupFacts } from '../../src/host/cgroups.ts'
import type { AppStatus } from '../../src/model/api.ts'
import { levelNames } from '../../src/model/levels.ts'
import { shareMachineParts } from '../contract/test-machines.ts'
import { pythonApp } from './apps.ts'
import { run } from './egress-setting.ts'
import { TestBerth } from './test-berth.ts'

/** Docker needs a daemon of a test's own. */
const levels = levelNames.filter((level) => level !== 'docker')

describe('berth status', () => {
  let berth: TestBerth
  before(async () => {
    berth = await TestBerth.create()
    await shareMachineParts(berth.home)
  })
  after(() => berth[Symbol.asyncDispose]())

  for (const level of levels) {
    it(`sees that ${level} is what it stands for`, async () => {
      const manifest = `[isolation]\nlevel = "${level}"\n`
      // An emulated machine takes its time to boot.
      const app = pythonApp({ name: 'shop', start: 'health_timeout = 120', manifest })
      await berth.ok('deploy', await berth.folder(app))
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

  it('shows what somebody with root has mounted into it meanwhile, or taken away', async () => {
    const volumes = '[isolation.volumes.data]\npath = "/srv/data"\n'
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'shop', manifest: volumes })))
    const { sandbox, volumes: mounted, posture } = await berth.json<AppStatus>('status', 'shop')
    assert.deepEqual(posture?.drift, [])
    await run('python3', '-c', mounter, String(sandbox?.pid))
    const after = await berth.json<AppStatus>('status', 'shop')
    assert.deepEqual(after.posture?.drift, [
      'what is written to /opt can be executed',
      `the volume ${mounted[0]?.source} is not mounted`,
    ])
  })
})

/** In an image there is no program that mounts. */
const mounter = `import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    if getattr(libc, name)(*args) != 0: raise OSError(ctypes.get_errno(), name)
call('setns', os.open(f'/proc/{sys.argv[1]}/ns/mnt', os.O_RDONLY), 0x20000)
call('mount', b'somebody', b'/opt', b'tmpfs', 0, None)
call('umount2', b'/srv/data', 2)`

async function pidsLimitOf(pid: number): Promise<string> {
  const facts = await cgroupFacts()
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n').map((line) => line.split(':'))
  const isTwo = facts.version === 2
  const path = lines.find(([number, names]) => (isTwo ? number === '0' : names === 'pids'))?.[2]
  return `${isTwo ? facts.root : facts.roots.get('pids')}${path}/pids.max`
}
