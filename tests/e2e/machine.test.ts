import assert from 'node:assert/strict'
import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { Problem } from '../../src/model/problem.ts'
import { eventually, TestSandboxes } from '../contract/test-sandboxes.ts'

/** What only virtual machines have; what all levels have in common is in the contract. */
describe('a virtual machine', () => {
  const sandboxes = () => TestSandboxes.create('vm')

  it('is not to be had without its kernel, and doctor says how to get that', async () => {
    await using all = await sandboxes()
    await unlink(join(all.instance.home, 'vm')) // a link to what tests share
    assert.deepEqual(await all.isolator.missing('vm'), ['a kernel for virtual machines is missing: berth doctor --fix'])
  })

  it('has its volumes alone, and what was written is kept although it is killed', async () => {
    await using all = await sandboxes()
    const volumes = [await all.volume('/srv/data')]
    const { id } = await all.start(['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'], { volumes })
    await assert.rejects(
      all.start(['true'], { volumes }),
      (error) => error instanceof Problem && /\/srv\/data is in use by app-1/.test(error.message),
    )
    await all.shell(id, 'echo written > /srv/data/file')
    await all.isolator.stop(id, 0)
    await all.openVolume(volumes[0] ?? assert.fail(), async (directory) => {
      assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'written\n')
    })
  })

  it('ends with its supervisor', async () => {
    await using all = await sandboxes()
    const { id, pid } = await all.start()
    const qemu = await eventually('qemu', async () => {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      return children
        .trim()
        .split(' ')
        .map(Number)
        .find((child) => child > 0)
    })
    await all.shell(id, 'true') // by now it is not on its way to become qemu any more
    process.kill(pid, 'SIGKILL')
    assert.deepEqual(await all.endOf(id), { kind: 'signal', signal: 9, outOfMemory: false })
    await eventually('the end of qemu', () =>
      readFile(`/proc/${qemu}/stat`).then(
        (stat) => (/\) Z /.test(stat.toString()) ? true : undefined),
        () => true,
      ),
    )
  })

  it('gives a command of its own a terminal', async () => {
    await using all = await sandboxes()
    const { link, ...rest } = all.spec(['sh', '-c', 'stty size; read line; echo "<$line>"; tty'])
    assert.ok(link)
    const stdin = new PassThrough()
    let seen = ''
    const stdout = (chunk: Buffer) => {
      const before = seen
      seen += chunk.toString().replaceAll('\r', '')
      if (!before.includes('21 77\n') && seen.includes('21 77\n')) stdin.write('typed\r')
    }
    const io = { terminal: { columns: 77, rows: 21 }, stdin, stdout, stderr: stdout }
    const exit = await all.isolator.run(rest, io, new AbortController().signal)
    assert.deepEqual(exit, { kind: 'code', code: 0, outOfMemory: false })
    assert.equal(seen, '21 77\ntyped\n<typed>\n/dev/pts/0\n')
  })
})
