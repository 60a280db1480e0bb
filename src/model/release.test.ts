import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunSpec } from './release.ts'

/** How releases were written before applications could reach anything. */
const earlier = {
  argv: ['true'],
  workdir: '/app',
  env: {},
  port: 80,
  health: { path: '/', timeoutSeconds: 1 },
  stopGraceSeconds: 1,
  drainSeconds: 1,
  domains: [],
  level: 'container',
  limits: { memoryBytes: 1, cpus: 1, pids: 8, tmpBytes: 1 },
  volumes: [],
  initialise: { commands: [], timeoutSeconds: 1 },
}

describe('RunSpec', () => {
  it('of an earlier berth reaches nothing, and is as fast as one that says nothing', () => {
    const { egress, links, bandwidth } = RunSpec.parse(earlier)
    assert.deepEqual({ egress, links, bandwidth }, { egress: [], links: [], bandwidth: 1e9 })
  })
})
