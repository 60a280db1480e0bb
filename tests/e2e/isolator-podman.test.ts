import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { isolatorContract } from '../contract/isolator.ts'
import { TestSandboxes } from '../contract/test-sandboxes.ts'

isolatorContract('podman')

describe('podman, in particular', () => {
  it('takes applications with long names, and leaves nothing of them', async () => {
    await using all = await TestSandboxes.create('podman')
    const id = 'an-application-with-a-name-of-its-own-1'
    await all.start(['sleep', '100'], { id, hostname: 'an-application' })
    assert.equal(await all.shell(id, 'echo hi'), 'hi')
    await all.isolator.stop(id, 1)
    assert.deepEqual(
      (await readdir(all.instance.run)).filter((name) => name.startsWith('p-')),
      [],
    )
  })
})
