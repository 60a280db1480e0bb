import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shownCommandLine } from './shown-command-line.ts'

describe('shownCommandLine()', () => {
  const cases = [
    { words: ['deploy', 'shop', '--json'], shown: 'berth deploy shop --json' },
    { words: ['deploy', '--set', 'PW=hunter2', '--set=B=x=y'], shown: 'berth deploy --set PW --set=B' },
    { words: ['config', 'set', 'shop', 'PW=two\nlines', 'C=-'], shown: 'berth config set shop PW C=-' },
    { words: ['deploy', '--git', 'https://me:pass@host/a'], shown: 'berth deploy --git https://host/a' },
    { words: ['run', 'shop', '--', 'env', 'A=b', "it's"], shown: "berth run shop -- env A=b 'it'\\''s'" },
  ]
  for (const { words, shown } of cases)
    it(`shows ${shown}`, () => {
      assert.equal(shownCommandLine(words), shown)
    })
})
