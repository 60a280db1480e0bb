import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlink, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { giveOutput } from './own-output.ts'

const me = process.getuid?.() ?? 0
const other = me === 0 ? 4711 : me

describe('giveOutput()', () => {
  it('makes the pipe of a process the property of another user, and no device', async () => {
    // It makes the pipe itself, for what Node gives its children are sockets.
    const child = spawn(
      'perl',
      ['-e', 'pipe(R, W); open(STDOUT, ">&W"); open(STDIN, "</dev/null"); print STDERR "ready"; sleep 60'],
      // What Perl says of a locale that this host does not have would come before it is ready.
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
    )
    try {
      const before = await stat('/dev/null')
      await once(child.stderr, 'data')
      const pid = child.pid ?? 0
      assert.match(await readlink(`/proc/${pid}/fd/1`), /^pipe:/)
      await giveOutput(pid, other)
      assert.equal((await stat(`/proc/${pid}/fd/1`)).uid, other)
      assert.equal((await stat('/dev/null')).uid, before.uid)
    } finally {
      child.kill()
    }
  })

  it('says nothing of a process that is no more', async () => {
    await giveOutput(2 ** 22 + 1, other)
  })
})
