import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isStarved } from './starvation.ts'

describe('isStarved()', () => {
  const cases = [
    { it: 'sees a neighbour that one of many burners is left', alone: 0.99, left: 0.01, taken: 1.9, starved: true },
    { it: 'sees it on a host that does much else, too', alone: 0.26, left: 0.004, taken: 0.19, starved: true },
    { it: 'does not take fair shares for it', alone: 0.95, left: 0.66, taken: 1.33, starved: false },
    { it: 'does not take the same quota for it', alone: 0.5, left: 0.5, taken: 0.5, starved: false },
    { it: 'does not take what the host does for it', alone: 0.5, left: 0.05, taken: 0.05, starved: false },
    { it: 'does not take a host with processors to spare for it', alone: 1, left: 0.9, taken: 31, starved: false },
  ]
  for (const { it: name, starved, ...shares } of cases) {
    it(name, () => {
      assert.equal(isStarved(shares), starved)
    })
  }
})
