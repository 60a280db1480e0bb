import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Problem } from '../../../model/problem.ts'
import { globMatcher } from './glob.ts'
import { contextOf, readIgnoreFile } from './ignore-file.ts'
import { pathGlob } from './path-glob.ts'
import { pathPatterns } from './path-patterns.ts'
import { TextFault } from './text-fault.ts'

/** What Go's filepath.Match, and the matcher of BuildKit, say about the same paths. */
interface Fixture {
  readonly paths: readonly string[]
  readonly globs: readonly { readonly pattern: string; readonly matches: readonly string[]; readonly error?: true }[]
  readonly ignores: readonly { readonly ignore: string; readonly matches: readonly string[]; readonly error?: true }[]
}

const file = join(import.meta.dirname, '../../../../tests/fixtures/dockerfiles/patterns.json')
const { paths, globs, ignores } = JSON.parse(readFileSync(file, 'utf8')) as Fixture

describe('pathGlob()', () => {
  for (const { pattern, matches, error } of globs) {
    if (error) it(`refuses ${JSON.stringify(pattern)}`, () => assert.throws(() => pathGlob(pattern), TextFault))
    else {
      it(`matches ${JSON.stringify(pattern)} as Go does`, () => {
        assert.deepEqual(paths.filter(globMatcher(pathGlob(pattern))), matches)
      })
    }
  }
})

describe('readIgnoreFile()', () => {
  const read = (text: string): ReturnType<typeof readIgnoreFile> => readIgnoreFile({ path: '.dockerignore', text })

  for (const { ignore, matches, error } of ignores) {
    if (error) it(`refuses ${JSON.stringify(ignore)}`, () => assert.throws(() => read(ignore), Problem))
    else {
      it(`leaves out with ${JSON.stringify(ignore)} what BuildKit does`, () => {
        const patterns = read(ignore)
        assert.deepEqual(
          paths.filter((path) => patterns.matches(path)),
          matches,
        )
      })
    }
  }

  it('names the line that is no pattern', () => {
    const text = '# fine\n*.txt\n[\n'
    assert.throws(
      () => read(text),
      (error) => error instanceof Problem && error.text.at === '.dockerignore:3' && /`\[`/.test(error.message),
    )
  })

  it('takes no longer for many stars than for few', () => {
    const patterns = pathPatterns([`${'**/a*'.repeat(40)}/b`, `${'*a'.repeat(60)}b`])
    assert.equal(patterns.matches('a/'.repeat(60) + 'a'.repeat(200)), false)
  })
})

describe('contextOf()', () => {
  it('keeps directories for what is taken back in them', () => {
    const entries = ['docs', 'docs/README.md', 'docs/a.md', 'empty', 'lib', 'lib/x'].map((path) => ({ path }))
    const ignored = readIgnoreFile({ path: '.dockerignore', text: 'docs\nempty\n!docs/README.md\n' })
    assert.deepEqual(
      contextOf(entries, ignored).map(({ path }) => path),
      ['docs', 'docs/README.md', 'lib', 'lib/x'],
    )
  })
})
