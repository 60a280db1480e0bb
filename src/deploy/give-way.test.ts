import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LevelName } from '../model/levels.ts'
import type { Release } from '../model/release.ts'
import { mustGiveWay } from './give-way.ts'

const release = (level: LevelName, ...names: string[]) =>
  ({ run: { level, volumes: names.map((name) => ({ name })) } }) as unknown as Pick<Release, 'run'>

describe('mustGiveWay()', () => {
  const cases = [
    {
      of: 'two containers with the same volume',
      now: release('container', 'data'),
      next: release('container', 'data'),
      must: false,
    },
    { of: 'two machines with the same volume', now: release('vm', 'data'), next: release('vm', 'data'), must: true },
    { of: 'a container after a machine', now: release('vm', 'data'), next: release('container', 'data'), must: true },
    { of: 'a machine after a container', now: release('container', 'data'), next: release('vm', 'data'), must: true },
    { of: 'machines without volumes', now: release('vm'), next: release('vm'), must: false },
    { of: 'machines with other volumes', now: release('vm', 'old'), next: release('vm', 'new'), must: false },
  ]
  for (const { of, now, next, must } of cases) it(`knows ${of}`, () => assert.equal(mustGiveWay(now, next), must))
})
