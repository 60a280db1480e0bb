import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { catalogue } from './index.ts'

describe('the catalogue of problems', () => {
  const folder = import.meta.dirname
  const index = readFileSync(join(folder, 'index.ts'), 'utf8')

  for (const file of readdirSync(folder).filter((name) => !/^index\.|\.test\.ts$/.test(name))) {
    it(`loads ${file}`, () => {
      assert.ok(index.includes(`import './${file}'`), `add import './${file}' to src/model/problems/index.ts`)
    })
  }

  it('explains every problem in sentences', () => {
    for (const { code, explain } of catalogue.values()) assert.match(explain, /[a-z].{20,}\.\s*$/s, code)
  })
})
