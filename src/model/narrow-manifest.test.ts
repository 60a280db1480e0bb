import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { narrowManifest } from './narrow-manifest.ts'

const narrowed = { syscalls: ['read', 'write'], egress: ['db:5432'] }
const written = 'syscalls = [\n  "read", "write",\n]\negress = ["db:5432"]'

describe('narrowManifest()', () => {
  it('adds the section where there is none', () => {
    assert.equal(narrowManifest('name = "shop"\n', narrowed), `name = "shop"\n\n[isolation]\n${written}\n`)
  })

  it('replaces the keys, on however many lines they are, and keeps the rest', () => {
    const before = [
      'name = "shop"',
      '[isolation] # walls',
      'memory = "1G"',
      'syscalls = [ # old',
      '  "open]", "x",',
      '  "y"',
      ']',
      'egress = ["a:1",',
      '["never"]]',
      'cpus = 1',
      '[start]',
      'port = 80',
    ]
    const after = ['name = "shop"', '[isolation] # walls', written, 'memory = "1G"', 'cpus = 1', '[start]', 'port = 80']
    assert.equal(narrowManifest(before.join('\n'), narrowed), after.join('\n'))
  })

  it('leaves egress alone when there is nothing to say of it', () => {
    const text = '[isolation]\negress = ["internet"]\n'
    const after = narrowManifest(text, { syscalls: ['read'], egress: undefined })
    assert.equal(after, '[isolation]\nsyscalls = [\n  "read",\n]\negress = ["internet"]\n')
  })

  it('comes to the same when it is done twice', () => {
    const once = narrowManifest('[isolation]\nlevel = "container"\n', narrowed)
    assert.equal(narrowManifest(once, narrowed), once)
  })
})
