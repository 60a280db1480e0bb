import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isolatorContract } from '../contract/isolator.ts'
import { TestSandboxes } from '../contract/test-sandboxes.ts'

isolatorContract('lxc')

describe('lxc', () => {
  it('tells of the end of process 1 itself, as want of memory is with version 2 of control groups', async () => {
    await using all = await TestSandboxes.create('lxc')
    const { id, pid } = await all.start()
    process.kill(pid, 'SIGKILL')
    assert.deepEqual(await all.endOf(id), { kind: 'signal', signal: 9, outOfMemory: false })
  })
})
