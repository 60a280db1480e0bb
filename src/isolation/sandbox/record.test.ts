import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseHardLimits } from './facts.ts'
import { exitFrom } from './record.ts'

describe('exitFrom()', () => {
  const cases = [
    { it: 'reads 0 as success', code: 0, exit: { kind: 'code', code: 0, outOfMemory: false } },
    { it: 'reads 128 as a code', code: 128, exit: { kind: 'code', code: 128, outOfMemory: false } },
    { it: 'reads 137 as SIGKILL', code: 137, exit: { kind: 'signal', signal: 9, outOfMemory: false } },
    { it: 'reads 255 as a code', code: 255, exit: { kind: 'code', code: 255, outOfMemory: false } },
  ]
  for (const { it: name, code, exit } of cases) it(name, () => assert.deepEqual(exitFrom(code, false), exit))
})

describe('parseHardLimits()', () => {
  it('takes the hard ones, and leaves out what is unlimited', () => {
    const text = `Limit                     Soft Limit           Hard Limit           Units     
Max core file size        0                    unlimited            bytes     
Max open files            1024                 20000                files     
Max locked memory         8388608              8388608              bytes     
`
    assert.deepEqual(parseHardLimits(text), { RLIMIT_NOFILE: 20_000, RLIMIT_MEMLOCK: 8_388_608 })
  })
})
