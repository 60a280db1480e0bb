import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Problem } from '../model/problem.ts'
import type { Context } from './command.ts'
import { diffSides } from './diff-sides.ts'

describe('diffSides()', () => {
  let workingDirectory: string
  before(async () => {
    workingDirectory = await mkdtemp(join(tmpdir(), 'berth-diff-'))
    await mkdir(join(workingDirectory, 'shop'))
    await mkdir(join(workingDirectory, 'bare'))
    await writeFile(join(workingDirectory, 'shop/berth.lock'), 'the lock')
  })
  after(() => rm(workingDirectory, { recursive: true }))

  const sides = (from: string, to?: string) => diffSides(from, to, { workingDirectory } as unknown as Context)
  const digest = `sha256:${'ab'.repeat(32)}` as const
  const lock = { kind: 'lock', lock: 'the lock', lockPath: 'shop/berth.lock' } as const
  const release = (app: string, number?: number) => ({ kind: 'release', app, ...(number ? { number } : {}) })

  const cases = [
    { from: 'web@v3', to: 'web@v4', gives: { from: release('web', 3), to: release('web', 4) } },
    { from: 'web@v3', gives: { from: release('web', 3), to: release('web') } },
    { from: 'web', gives: { from: { kind: 'earlier', app: 'web' }, to: release('web') } },
    { from: 'bare', gives: { from: { kind: 'earlier', app: 'bare' }, to: release('bare') } },
    { from: digest, to: 'web', gives: { from: { kind: 'image', digest }, to: release('web') } },
    { from: 'shop', to: 'web', gives: { from: lock, to: release('web') } },
    { from: 'shop/berth.lock', to: 'shop@2', gives: { from: lock, to: release('shop', 2) } },
  ]
  for (const { from, to, gives } of cases) {
    it(`understands ${from} ${to ?? ''}`, async () => assert.deepEqual(await sides(from, to), gives))
  }

  const refusals = [
    { from: 'shop', code: 'usage', message: /nothing to compare/ },
    { from: digest, code: 'usage', message: /nothing to compare/ },
    { from: 'Shop!', to: 'web', code: 'usage', message: /no release, image or lock/ },
    { from: 'web@latest', to: 'web', code: 'usage', message: /no release, image or lock/ },
    { from: './bare', to: 'web', code: 'no-lock-there', message: /no berth\.lock in/ },
  ]
  for (const { from, to, code, message } of refusals) {
    it(`refuses ${from} ${to ?? ''}`, async () => {
      await assert.rejects(sides(from, to), (error: Problem) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      })
    })
  }
})
