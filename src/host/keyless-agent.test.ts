import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { CommandFailed, runCommand } from './command.ts'
import { startKeylessAgent } from './keyless-agent.ts'

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o600 }

describe('startKeylessAgent()', () => {
  it('tells ssh-add that it has no keys, takes none, and leaves nothing behind', async () => {
    let path = ''
    {
      await using agent = await startKeylessAgent(owner)
      path = agent.socketPath
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const env = { SSH_AUTH_SOCK: path }
      const failing = async (argv: readonly [string, ...string[]]) =>
        runCommand(argv, { env }).then(
          () => assert.fail(`${argv.join(' ')} went well`),
          (error: unknown) => error as CommandFailed,
        )
      const listed = await failing(['ssh-add', '-l'])
      assert.deepEqual([listed.code, listed.stdout.trim()], [1, 'The agent has no identities.'])
      assert.equal((await failing(['ssh-add', '-D'])).code, 1)
    }
    assert.ok(!existsSync(dirname(path)))
  })

  it('answers message by message, however they are cut up', async () => {
    await using agent = await startKeylessAgent(owner)
    const client = connect(agent.socketPath)
    const received: Buffer[] = []
    client.on('data', (chunk: Buffer) => received.push(chunk))
    const asking = Buffer.from([0, 0, 0, 1, 11, 0, 0, 0, 3, 13, 1, 1, 0, 0, 0, 1, 11])
    for (const byte of asking) client.write(Buffer.from([byte]))
    client.end()
    await once(client, 'close')
    const answers = Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 5, 12, 0, 0, 0, 0])
    assert.deepEqual(Buffer.concat(received), answers)
  })

  for (const [what, head] of [
    ['no length', [0, 0, 0, 0, 0]],
    ['more than an agent has to take', [0xff, 0xff, 0xff, 0xff, 11]],
  ] as const) {
    it(`hangs up on a message of ${what}`, async () => {
      await using agent = await startKeylessAgent(owner)
      const client = connect(agent.socketPath)
      const received: Buffer[] = []
      client.on('data', (chunk: Buffer) => received.push(chunk))
      client.on('error', () => undefined)
      client.write(Buffer.from(head))
      await once(client, 'close')
      assert.deepEqual(received, [])
    })
  }
})
