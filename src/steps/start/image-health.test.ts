import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { healthOf } from './image-health.ts'

const second = 1e9
const command = (argv: readonly string[], timeoutSeconds = 30) => ({ kind: 'command', argv, timeoutSeconds })

const cases = [
  { it: 'asks at / when nobody says anything', gives: { path: '/', timeoutSeconds: 60 } },
  {
    it: 'asks where the manifest says, whatever the image has',
    wanted: { health: '/up' },
    healthcheck: { Test: ['CMD', 'true'], StartPeriod: 500 * second },
    gives: { path: '/up', timeoutSeconds: 60 },
  },
  {
    it: 'runs what the image says, for as long as Docker would have waited',
    healthcheck: { Test: ['CMD', 'check', 'a b'] },
    gives: { path: '/', timeoutSeconds: 90, own: command(['check', 'a b']) },
  },
  {
    it: 'counts the time to start and every failure',
    healthcheck: {
      Test: ['CMD', 'check'],
      StartPeriod: 100 * second,
      Interval: 2 * second,
      Timeout: 1.5 * second,
      Retries: 7,
    },
    gives: { path: '/', timeoutSeconds: 114, own: command(['check'], 1.5) },
  },
  {
    it: 'is never less patient than without a check, and never waits for hours',
    healthcheck: { Test: ['CMD', 'check'], Interval: 1, Retries: 1 },
    gives: { path: '/', timeoutSeconds: 60, own: command(['check']) },
  },
  {
    it: 'takes the time that the manifest gives',
    wanted: { health_timeout: 5 },
    healthcheck: { Test: ['CMD', 'check'], StartPeriod: 1e18 },
    gives: { path: '/', timeoutSeconds: 5, own: command(['check']) },
  },
  {
    it: 'hands lines to a shell',
    healthcheck: { Test: ['CMD-SHELL', 'a || exit 1'] },
    gives: { path: '/', timeoutSeconds: 90, own: command(['/bin/sh', '-c', 'a || exit 1']) },
  },
  {
    it: 'hands lines to the shell that the image has',
    healthcheck: { Test: ['CMD-SHELL', 'a'] },
    shell: ['/bin/bash', '-ec'],
    gives: { path: '/', timeoutSeconds: 90, own: command(['/bin/bash', '-ec', 'a']) },
  },
  {
    it: 'asks for an open port and no more when the image says NONE',
    healthcheck: { Test: ['NONE'] },
    gives: { path: '/', timeoutSeconds: 60, own: { kind: 'port' } },
  },
  ...[[], ['CMD'], ['']].map((Test) => ({
    it: `asks at / when an image says ${JSON.stringify(Test)}`,
    healthcheck: { Test },
    gives: { path: '/', timeoutSeconds: 60 },
  })),
]

describe('healthOf()', () => {
  for (const { it: name, gives, ...one } of cases) {
    it(name, () => {
      const { wanted, ...config } = { wanted: {}, ...one }
      assert.deepEqual(healthOf(wanted, config), gives)
    })
  }

  it('waits for an hour at most', () => {
    assert.equal(healthOf({}, { healthcheck: { Test: ['CMD', 'a'], StartPeriod: 1e15 } }).timeoutSeconds, 3600)
  })
})
