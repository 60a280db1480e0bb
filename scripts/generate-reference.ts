import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { referencePages } from './reference/pages.ts'

/** Writes docs/reference. A unit test fails when what is written there lags behind the sources. */

const folder = join(import.meta.dirname, '../docs/reference')
const pages = referencePages()
for (const [name, text] of pages) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}
console.log(`docs/reference: ${[...pages.keys()].join(', ')}`)
