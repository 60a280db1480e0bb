import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { expandWord, expandWords } from './expand.ts'
import { heredocStart } from './heredoc.ts'
import { TextFault } from './text-fault.ts'

/** What BuildKit's own lexer makes of them, written down by a program that called it. */
interface Case {
  readonly mode: 'word' | 'words' | 'heredoc' | 'heredocword'
  readonly word: string
  readonly escape?: '`' | '\\'
  readonly result?: unknown
  readonly error?: string
}

const folder = join(import.meta.dirname, '../../../../tests/fixtures/dockerfiles')
const fixture = JSON.parse(readFileSync(join(folder, 'words.json'), 'utf8')) as {
  env: Record<string, string>
  cases: Case[]
}

const lookup = (name: string): string | undefined => fixture.env[name]

function ours({ mode, word, escape = '\\' }: Case): unknown {
  switch (mode) {
    case 'word':
      return expandWord(word, lookup, { escape }).text
    case 'words':
      return expandWords(word, lookup, { escape })
    case 'heredoc':
      return expandWord(word, lookup, { escape: '\\', quotes: 'ignore' }).text
    case 'heredocword':
      return heredocStart(word) ?? null
  }
}

describe('expandWord()', () => {
  for (const one of fixture.cases) {
    const name = `${one.mode} ${JSON.stringify(one.word)}${one.escape ?? ''}`
    if (one.error === undefined) {
      it(`makes of ${name} what BuildKit does`, () => assert.deepEqual(ours(one), one.result))
    } else {
      it(`refuses ${name} as BuildKit does`, () => assert.throws(() => ours(one), TextFault))
    }
  }
})
