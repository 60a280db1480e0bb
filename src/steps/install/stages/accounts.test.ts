import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { accountIn, ownerIn } from './accounts.ts'

const passwd = `root:x:0:0:root:/root:/bin/bash
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
keeper:x:2001:2000::/home/keeper:/bin/sh
broken:x:many:2000::/:/bin/sh
short
`
const group = `root:x:0:
www-data:x:33:keeper
staff:x:2000:
docker:x:998:keeper,www-data
`

describe('accountIn()', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-accounts-'))
    await mkdir(join(root, 'etc'))
    await writeFile(join(root, 'etc/passwd'), passwd)
    await writeFile(join(root, 'etc/group'), group)
  })
  after(() => rm(root, { recursive: true }))

  const cases = [
    { written: '', is: { uid: 0, gid: 0, groups: [], home: '/root' } },
    { written: 'root', is: { uid: 0, gid: 0, groups: [], home: '/root' } },
    { written: 'keeper', is: { uid: 2001, gid: 2000, groups: [33, 998], home: '/home/keeper' } },
    { written: '2001', is: { uid: 2001, gid: 2000, groups: [33, 998], home: '/home/keeper' } },
    { written: 'keeper:staff', is: { uid: 2001, gid: 2000, groups: [], home: '/home/keeper' } },
    { written: 'keeper:33', is: { uid: 2001, gid: 33, groups: [], home: '/home/keeper' } },
    { written: '5000', is: { uid: 5000, gid: 0, groups: [], home: '/' } },
    { written: '5000:6000', is: { uid: 5000, gid: 6000, groups: [], home: '/' } },
  ]
  for (const { written, is } of cases) {
    it(`takes USER ${written || '(none)'} for ${is.uid}:${is.gid}`, async () => {
      assert.deepEqual(await accountIn(root, written), is)
    })
  }

  for (const written of ['nobody-here', 'keeper:no-group', '-1', '99999999999', 'broken', '1.5']) {
    it(`refuses ${written}, and says how to make it`, async () => {
      await assert.rejects(accountIn(root, written), {
        code: 'dockerfile-user-unknown',
        message: /^Cannot find the (user|group) \S+ in the image$/,
      })
    })
  }

  it('knows numbers alone in an image that has no accounts', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'berth-accounts-'))
    try {
      assert.deepEqual(await accountIn(empty, '7:8'), { uid: 7, gid: 8, groups: [], home: '/' })
      await assert.rejects(accountIn(empty, 'root'), { code: 'dockerfile-user-unknown' })
    } finally {
      await rm(empty, { recursive: true })
    }
  })

  it('never reads the accounts of the host through a symbolic link', async () => {
    const hostile = await mkdtemp(join(tmpdir(), 'berth-accounts-'))
    try {
      await symlink('/etc', join(hostile, 'etc'))
      await assert.rejects(accountIn(hostile, 'root'))
    } finally {
      await rm(hostile, { recursive: true })
    }
  })

  it('gives a --chown without a group the number of the user as its group', async () => {
    assert.deepEqual(await ownerIn(root, 'keeper'), { uid: 2001, gid: 2001 })
    assert.deepEqual(await ownerIn(root, '55'), { uid: 55, gid: 55 })
    assert.deepEqual(await ownerIn(root, 'keeper:docker'), { uid: 2001, gid: 998 })
  })
})
