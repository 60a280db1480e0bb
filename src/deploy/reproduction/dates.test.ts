import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { filesHolding, writtenDates } from './dates.ts'

const day = new Date('2026-03-05T23:30:00Z')

describe('writtenDates()', () => {
  it('writes a day as programs do', () => {
    const dates = writtenDates(day)
    for (const wanted of ['2026-03-05', '03/05/2026', 'Mar  5 2026', '5 Mar 2026']) assert.ok(dates.includes(wanted))
  })
})

describe('filesHolding()', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-dates-'))
    await writeFile(join(folder, 'dated'), 'made on 2026-03-05 by hand')
    await writeFile(join(folder, 'other'), 'made on 2026-03-06 by hand')
    // Where two chunks of reading meet.
    await writeFile(join(folder, 'split'), Buffer.concat([Buffer.alloc(256 * 1024 - 4), Buffer.from('2026-03-05')]))
    await symlink('dated', join(folder, 'link'))
  })
  after(() => rm(folder, { recursive: true }))

  it('finds them, also where two chunks meet, and follows no link', async () => {
    assert.deepEqual(await filesHolding(folder, writtenDates(day), 10), ['dated', 'split'])
  })

  it('stops when there are enough', async () => {
    assert.deepEqual(await filesHolding(folder, writtenDates(day), 1), ['dated'])
  })
})
