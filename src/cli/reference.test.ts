import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { referencePages } from '../../scripts/reference/pages.ts'

describe('docs/reference', () => {
  for (const [name, text] of referencePages()) {
    it(`has the ${name} that the sources give`, () => {
      const written = readFileSync(join(import.meta.dirname, '../../docs/reference', name), 'utf8')
      assert.ok(written === text, `docs/reference/${name} lags behind: run \`npm run docs\``)
    })
  }
})
