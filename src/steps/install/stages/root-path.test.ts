import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeDirectories, resolveInRoot } from './root-path.ts'

describe('a path of an image', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-root-'))
    await mkdir(join(root, 'usr/lib'), { recursive: true })
    await symlink('usr/lib', join(root, 'lib'))
    await symlink('/usr', join(root, 'usr/self'))
    await symlink('../../../../etc', join(root, 'usr/up'))
    await symlink('round', join(root, 'round'))
  })
  after(() => rm(root, { recursive: true }))

  const cases = [
    { path: '/lib/x', leads: 'usr/lib/x' },
    { path: '/usr/self/lib', leads: 'usr/lib' },
    { path: '/usr/up/passwd', leads: 'etc/passwd' },
    { path: '/../../etc/passwd', leads: 'etc/passwd' },
    { path: '/not/../there', leads: 'there' },
    { path: 'relative', leads: 'relative' },
  ]
  for (const { path, leads } of cases) {
    it(`leads from ${path} to ${leads}, and never out of the image`, () => {
      assert.equal(resolveInRoot(root, path), join(root, leads))
    })
  }

  it('is refused when its links go in circles', () => {
    assert.throws(() => resolveInRoot(root, '/round/x'), { code: 'source-unusable', message: /go in circles/ })
  })

  it('is made with all that is above it, and leaves what is there as it is', async () => {
    await mkdir(join(root, 'kept'), { mode: 0o700 })
    await makeDirectories(join(root, 'kept/a/b'), {
      mode: 0o750,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    })
    const modes = await Promise.all(['kept', 'kept/a', 'kept/a/b'].map((path) => stat(join(root, path))))
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o700, 0o750, 0o750],
    )
  })
})
