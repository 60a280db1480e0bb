import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { closeGate, makeGate } from './gate.ts'

describe('makeGate()', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gate-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** Gives what a process read that has arrived at a gate, once `then` is through. */
  async function wait(path: string, then: () => Promise<void>): Promise<string> {
    const child = spawn('sh', ['-c', 'exec < "$1"; echo here; read -r word; echo "$word"', 'sh', path])
    const chunks: string[] = []
    const arrived = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    child.stdout.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
    const ended = new Promise((resolve) => child.once('close', resolve))
    await arrived
    await then()
    await ended
    return chunks.join('')
  }

  it('lets a process go that waits', async () => {
    const path = join(folder, 'opened')
    const gate = await makeGate(path)
    assert.equal(await wait(path, () => gate.letGo()), 'here\ngo\n')
    await gate.close()
  })

  it('is remembered to be open by who comes later', async () => {
    const path = join(folder, 'open-before')
    const gate = await makeGate(path)
    await gate.letGo()
    assert.equal(await wait(path, () => Promise.resolve()), 'here\ngo\n')
    await gate.close()
  })

  it('gives nothing to a process that waits when it is closed', async () => {
    const path = join(folder, 'closed')
    const gate = await makeGate(path)
    assert.equal(await wait(path, () => gate.close()), 'here\n\n')
  })

  it('holds nobody who came when its keeper was gone, once it is closed for good', async () => {
    const path = join(folder, 'forsaken')
    await (await makeGate(path)).close()
    const child = spawn('sh', ['-c', 'read -r word < "$1"', 'sh', path])
    const ended = new Promise((resolve) => child.once('close', resolve))
    while (!/\) S /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8'))) await setImmediate()
    await closeGate(path)
    assert.equal(await ended, 1)
    await assert.rejects(stat(path), { code: 'ENOENT' })
    await closeGate(path)
  })
})
