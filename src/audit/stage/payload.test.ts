import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attacks } from '../attacks/index.ts'
import { functionsOf, readPayloads, yamlExploit } from './payload.ts'

describe('readPayloads()', () => {
  it('has one for every attack, and none without', async () => {
    const payloads = await readPayloads()
    assert.deepEqual([...payloads.keys()].sort(), attacks.map(({ id }) => id).sort())
  })

  it('keeps each small enough for one argument of a program (128 KiB)', async () => {
    for (const [id, text] of await readPayloads()) assert.ok(text.length < 32 * 1024, id)
  })
})

describe('functionsOf()', () => {
  it('tells functions apart, and leaves out what is not an attack', () => {
    const module =
      'import os\n\ndef helper():\n    pass\n\ndef X01(scene):\n    return 1\n\n\ndef X02(scene):\n    return 2\n'
    assert.deepEqual(functionsOf(module), [
      ['X01', 'def X01(scene):\n    return 1'],
      ['X02', 'def X02(scene):\n    return 2'],
    ])
  })
})

describe('yamlExploit()', () => {
  it('writes arguments that no character can end', () => {
    const text = yamlExploit(['python3', 'print("a\\nb")\n]]'])
    assert.equal(text, '!!python/object/apply:subprocess.check_output [["python3","print(\\"a\\\\nb\\")\\n]]"]]\n')
  })
})
