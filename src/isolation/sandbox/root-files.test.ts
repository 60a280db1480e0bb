import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { exists, mkdir, mkdtemp, readText, rm, symlink, writeFile } from '../../host/files.ts'
import type { SandboxSpec } from '../../model/sandbox.ts'
import { hostsFile, withAppGroup, withAppUser, writeScaffold } from './root-files.ts'

describe('withAppUser()', () => {
  const cases = [
    { it: 'adds a line', passwd: 'root:x:0:0::/:/bin/sh\n', last: 'app:x:10001:10001::/tmp:/bin/sh' },
    {
      it: 'takes another name when it is taken',
      passwd: 'app:x:5:5::/:/x\n',
      last: 'berth-app:x:10001:10001::/tmp:/bin/sh',
    },
    { it: 'keeps a user with that number', passwd: 'web:x:10001:5::/:/x\n', last: 'web:x:10001:5::/:/x' },
  ]
  for (const { it: name, passwd, last } of cases)
    it(name, () => assert.equal(withAppUser(10_001, passwd).trim().split('\n').at(-1), last))
})

describe('withAppGroup()', () => {
  it('adds a line', () => assert.equal(withAppGroup(10_001, 'root:x:0:\n'), 'root:x:0:\napp:x:10001:\n'))
})

describe('hostsFile()', () => {
  it('has the own name by the own address, or loopback without a link', () => {
    const link = { hostAddress: '10.0.0.0', sandboxAddress: '10.0.0.1' }
    assert.equal(hostsFile({ hostname: 'shop', link }), '127.0.0.1 localhost\n10.0.0.1 shop\n')
    assert.equal(hostsFile({ hostname: 'shop' }), '127.0.0.1 localhost\n127.0.0.1 shop\n')
  })
})

describe('writeScaffold()', () => {
  async function scaffold(work: (folder: string) => Promise<Pick<SandboxSpec, 'layers' | 'volumes'>>) {
    const folder = await mkdtemp(join(tmpdir(), 'berth-scaffold-'))
    const result = join(folder, 'scaffold')
    await mkdir(join(folder, 'layer', 'etc'), { recursive: true })
    await mkdir(result)
    const spec = { hostname: 'shop', ...(await work(folder)) } as SandboxSpec // all that it looks at
    await writeScaffold(spec, 10_001, result)
    return { folder, result, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  }

  it('takes over the users of the topmost layer that has some', async () => {
    await using made = await scaffold(async (folder) => {
      await writeFile(join(folder, 'layer/etc/passwd'), 'mine:x:7:7::/:/bin/sh\n')
      return { layers: [join(folder, 'layer'), join(folder, 'no-such-layer')], volumes: [] }
    })
    assert.match((await readText(join(made.result, 'etc/passwd'))) ?? '', /^mine:.*\napp:/)
  })

  it('follows no link out of an image', async () => {
    await using made = await scaffold(async (folder) => {
      await symlink('/etc/passwd', join(folder, 'layer/etc/passwd'))
      return { layers: [join(folder, 'layer')], volumes: [] }
    })
    assert.equal((await readText(join(made.result, 'etc/passwd')))?.split('\n').length, 3)
  })

  it('makes mount points for volumes, but none that would hide a link', async () => {
    await using made = await scaffold(async (folder) => {
      await symlink('/run', join(folder, 'layer/lock'))
      const volumes = ['/srv/deep/data', '/lock/data'].map((target) => ({ source: '/x', target }))
      return { layers: [join(folder, 'layer')], volumes }
    })
    assert.ok(await exists(join(made.result, 'srv/deep/data')))
    assert.ok(!(await exists(join(made.result, 'lock'))))
  })
})
