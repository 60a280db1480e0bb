import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseUidMap } from './user-namespace.ts'

describe('parseUidMap()', () => {
  const maps = [
    { of: "the host's own", text: '         0          0 4294967295\n', isInitial: true, ids: 4_294_967_295 },
    { of: 'an ordinary user with subordinate ids', text: '0 1001 1\n1 100000 65535\n', isInitial: false, ids: 65_536 },
    { of: 'an ordinary user without any', text: '0 1001 1\n', isInitial: false, ids: 1 },
    { of: 'a container of a daemon', text: '         0     100000      65536\n', isInitial: false, ids: 65_536 },
    { of: 'a map with a gap', text: '0 1000 10\n20 2000 10\n', isInitial: false, ids: 10 },
  ]
  for (const { of, text, ...wanted } of maps) it(`knows ${of}`, () => assert.deepEqual(parseUidMap(text), wanted))
})
