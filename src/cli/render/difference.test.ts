import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Difference } from '../../model/supply-chain.ts'
import { renderDifference } from './difference.ts'

const difference: Difference = {
  from: 'shop@v1',
  to: 'shop@v2',
  packages: [{ kind: 'pypi', name: 'flask', from: '1.0', to: '1.1' }],
  files: {
    ...{ added: 1, removed: 1, changed: 5, otherTime: 2 },
    list: [
      { change: 'added', path: '/app/new', to: 1500, detail: 'file was added' },
      { change: 'changed', path: '/app/a', from: 10, to: 2000, detail: 'other content, 10 bytes became 2000' },
      { change: 'changed', path: '/app/run\x1b[2J\nforged', from: 10, to: 10, detail: 'mode 644 became 755' },
      { change: 'removed', path: '/app/old', from: 12, detail: 'file is gone' },
    ],
  },
  settings: [{ change: 'changed', name: 'KEY', secret: true }],
  run: [{ name: 'limits.cpus', from: '1', to: '2' }, { name: 'env.PATH' }, { name: 'volumes.data', to: '/data' }],
  notes: [],
}

describe('renderDifference()', () => {
  it('shows each part under its heading, with what it left out, and nothing that would move the cursor', () => {
    assert.deepEqual(renderDifference(difference, undefined).split('\n'), [
      'shop@v1 → shop@v2',
      '',
      'packages: 1 differs',
      '    flask 1.0 → 1.1',
      '',
      'files: 1 added, 1 removed, 5 changed',
      '  + /app/new  1.5 kB',
      '    /app/a  10 B → 2.0 kB, other content, 10 bytes became 2000',
      '    /app/run\\x1b[2J\\nforged  mode 644 became 755',
      '  - /app/old  12 B',
      '  and 3 more (`--files 7` lists them)',
      '  2 have nothing but another time',
      '',
      'settings: 1 differs',
      '    KEY: another value (secret)',
      '',
      'run: 3 differ',
      '    limits.cpus 1 → 2',
      '    env.PATH',
      '  + volumes.data /data',
    ])
  })

  it('shows only what could be compared, and why the rest could not', () => {
    const text = renderDifference({ from: 'a', to: 'b', packages: [], notes: ['files: the image is gone'] }, undefined)
    assert.equal(text, 'a → b\n\npackages: the same\n\nnot compared: files: the image is gone')
  })
})
