import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withSortedLines } from './wheel-record.ts'

describe('withSortedLines()', () => {
  const sorted = (text: string) => withSortedLines(Buffer.from(text))?.toString()

  it('gives the same for every order, and nothing when there is nothing to do', () => {
    assert.equal(sorted('b/é.py,sha256=x,1\na.py,,\n'), 'a.py,,\nb/é.py,sha256=x,1\n')
    assert.equal(sorted('a.py,,\nb/é.py,sha256=x,1\n'), undefined)
  })

  it('ends the last line, too, as virtualenv does not', () => {
    assert.equal(sorted('b,,\nc,,\na,,'), 'a,,\nb,,\nc,,\n')
    assert.equal(sorted('a,,\nb,,'), 'a,,\nb,,\n')
  })

  it('leaves alone what may have a line break in a name, and what is empty', () => {
    assert.equal(sorted('b,,\n"a\nz",,\n'), undefined)
    assert.equal(sorted(''), undefined)
  })
})
