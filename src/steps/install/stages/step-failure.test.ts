import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../../model/problem.ts'
import { diskFull } from '../../../model/problems/deploy.ts'
import { buildFailed, fileMissing } from '../../../model/problems/install.ts'
import { notLocked } from '../../../model/problems/lock.ts'
import { asLocked, asUnrepeatable, withLine } from './step-failure.ts'

const failed = buildFailed({
  title: 'RUN false',
  command: '/bin/sh -c false',
  how: 'ended with exit code 1',
  lines: ['oh'],
})

describe('the failure of a step', () => {
  it('names its line, and keeps all that it says', () => {
    const problem = withLine(failed, 'Dockerfile:7')
    assert.ok(problem instanceof Problem)
    assert.deepEqual([problem.code, problem.text.at, problem.text.lines], ['build-failed', 'Dockerfile:7', ['oh']])
    assert.equal(problem.message, failed.message)
  })

  it('keeps the place that it knows', () => {
    const placed = withLine(failed, 'Dockerfile:7')
    assert.equal(withLine(placed, 'Dockerfile:9'), placed)
  })

  it('is left alone when no line is to blame, or it is none that berth knows', () => {
    const full = diskFull({ where: '/var' })
    const bug = new Error('bug')
    assert.equal(withLine(full, 'Dockerfile:7'), full)
    assert.equal(withLine(bug, 'Dockerfile:7'), bug)
  })

  it('says what a build with a lock had at hand, and what to do when that is too little', () => {
    const problem = asLocked(failed, 'shop/berth.lock')
    assert.ok(problem instanceof Problem)
    assert.match(problem.message, /ended with exit code 1, with nothing at hand but what shop\/berth\.lock names$/)
    assert.match(problem.text.fix, /run `berth lock`/)
    const full = diskFull({ where: '/var' })
    assert.equal(asLocked(full, 'berth.lock'), full)
  })

  it('says that no lock would do when the lock is the one that was just made', () => {
    const missing = notLocked({
      title: 'RUN curl',
      file: 'berth.lock',
      missing: ['http://example.org/?now=1'],
      lines: [],
    })
    for (const error of [failed, withLine(missing, 'Dockerfile:3')]) {
      const problem = asUnrepeatable(error)
      assert.ok(problem instanceof Problem)
      assert.equal(problem.code, 'dockerfile-not-repeatable')
      assert.match(problem.message, /^Cannot do the same twice: Cannot build/)
    }
    const other = fileMissing({ path: 'a', namedBy: 'b' })
    assert.equal(asUnrepeatable(other), other)
  })
})
