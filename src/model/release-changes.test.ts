import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runChanges, settingChanges } from './release-changes.ts'
import type { RunSpec } from './release.ts'

const run: RunSpec = {
  argv: ['gunicorn', 'web:app'],
  workdir: '/app',
  env: { PATH: '/bin', PORT: '8000' },
  port: 8000,
  health: { path: '/', timeoutSeconds: 60 },
  stopGraceSeconds: 10,
  drainSeconds: 30,
  domains: [],
  level: 'container',
  syscalls: [],
  limits: { memoryBytes: 1024, cpus: 1, pids: 256, tmpBytes: 1024, ioBytesPerSecond: 1024 },
  egress: [],
  links: [],
  bandwidth: 1e9,
  volumes: [],
  initialise: { commands: [], timeoutSeconds: 600 },
}

describe('settingChanges()', () => {
  it('names what came, went and changed, and shows no value', () => {
    const changes = settingChanges(
      {
        settings: { GREETING: 'geheim-1', OLD: 'geheim-2', SAME: 'x', LATER: 'geheim-3' },
        secretVersions: { KEY: 1, KEPT: 4 },
      },
      { settings: { GREETING: 'geheim-4', SAME: 'x', NEW: 'geheim-5' }, secretVersions: { KEY: 2, KEPT: 4, LATER: 1 } },
    )
    assert.deepEqual(changes, [
      { change: 'changed', name: 'GREETING', secret: false },
      { change: 'changed', name: 'KEY', secret: true },
      { change: 'changed', name: 'LATER', secret: true },
      { change: 'added', name: 'NEW', secret: false },
      { change: 'removed', name: 'OLD', secret: false },
    ])
    assert.doesNotMatch(JSON.stringify(changes), /geheim/)
  })
})

describe('runChanges()', () => {
  it('finds nothing between equals', () => assert.deepEqual(runChanges(run, structuredClone(run)), []))

  it('names what changed by its path, with both values', () => {
    const later: RunSpec = {
      ...run,
      argv: ['gunicorn', '-w', '2', 'web:app'],
      limits: { ...run.limits, memoryBytes: 2048 },
      domains: ['shop.example.org'],
      volumes: [{ name: 'data', path: '/data', bytes: 1024 ** 3, inodes: 1024 }],
      initialise: { ...run.initialise, commands: [['/bin/sh', '-c', 'migrate']] },
    }
    assert.deepEqual(runChanges(run, later), [
      { name: 'argv', from: 'gunicorn web:app', to: 'gunicorn -w 2 web:app' },
      { name: 'domains', from: '', to: 'shop.example.org' },
      { name: 'initialise.commands', from: '', to: '/bin/sh -c migrate' },
      { name: 'limits.memoryBytes', from: '1024', to: '2048' },
      { name: 'volumes.data', to: '/data, 1073741824 bytes, 1024 files' },
    ])
  })

  it('names variables of the image without their values', () => {
    const later = { ...run, env: { PORT: '8000', TOKEN: 'geheim' } }
    assert.deepEqual(runChanges(run, later), [{ name: 'env.PATH' }, { name: 'env.TOKEN' }])
  })
})
