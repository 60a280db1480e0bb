import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLock, renderLock } from './lock-file.ts'
import type { Artifact, Lock } from './lock.ts'
import { Problem } from './problem.ts'

const libssl: Artifact = {
  kind: 'deb',
  name: 'libssl3',
  version: '3.0.15-1~deb12u1',
  part: 'base',
  url: 'http://archive.example/pool/main/o/openssl/libssl3_3.0.15-1~deb12u1_amd64.deb',
  sha256: 'a'.repeat(64),
  size: 2_027_000,
}
const express: Artifact = {
  kind: 'npm',
  name: '@scope/express',
  version: '5.1.0',
  tags: ['next', 'latest'],
  url: 'https://npm.example/@scope/express/-/express-5.1.0.tgz',
  sha256: 'b'.repeat(64),
  size: 54_321,
}
const lock: Lock = {
  format: 1,
  recipe: 2,
  time: 1_790_000_000,
  architecture: 'amd64',
  asOf: '2016-03-01T00:00:00Z',
  inputs: [
    { file: 'requirements.txt', name: 'flask', value: '==0.10.1' },
    { file: 'berth.toml', name: 'python', value: '2.7' },
    { file: 'requirements.txt', name: 'Jinja "quoted"', value: '' },
  ],
  artifacts: [express, libssl],
}

describe('renderLock()', () => {
  it('gives a text that reads back as the same lock', () => {
    const again = parseLock(renderLock(lock), 'berth.lock')
    assert.deepEqual(
      { ...again, inputs: new Set(again.inputs), artifacts: new Set(again.artifacts) },
      { ...lock, inputs: new Set(lock.inputs), artifacts: new Set([libssl, { ...express, tags: ['latest', 'next'] }]) },
    )
  })

  it('does not depend on the order of what it is given', () => {
    const turned = { ...lock, inputs: lock.inputs.toReversed(), artifacts: lock.artifacts.toReversed() }
    assert.equal(renderLock(turned), renderLock(lock))
  })

  it('is one block an artifact, with the version below the name', () => {
    assert.match(renderLock(lock), /\n\[\[deb\]\]\nname = "libssl3"\nversion = "3.0.15-1~deb12u1"\npart = "base"\n/)
  })
})

describe('parseLock()', () => {
  const text = renderLock(lock)
  const refused = [
    { it: 'a merge conflict', text: text.replace('[[deb]]', '<<<<<<< ours\n[[deb]]'), says: /merge conflict/ },
    { it: 'a lock that was cut off in a block', text: text.slice(0, text.length - 60), says: /unfinished string/ },
    { it: 'a lock that was cut off between blocks', text: text.slice(0, text.indexOf('[[npm]]')), says: /last line/ },
    { it: 'a hash that is none', text: text.replace('a'.repeat(64), 'a'.repeat(63)), says: /64 hexadecimal/ },
    { it: 'an unknown key', text: text.replace('version = "5', 'verzion = "5'), says: /verzion|version/ },
    { it: 'a URL of another kind', text: text.replace('http://archive', 'data:archive'), says: /must be a URL/ },
    { it: 'control characters', text: text.replace('"libssl3"', '"lib\\u001b[31mssl3"'), says: /control characters/ },
    { it: 'a lock of a newer berth', text: text.replace('format = 1', 'format = 2'), says: /newer berth/ },
    { it: 'an empty file', text: '', says: /last line/ },
  ]
  for (const { it: name, text: bad, says } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseLock(bad, 'berth.lock'),
        (error) => error instanceof Problem && says.test(error.message),
      )
    })
  }

  it('names the line of a damaged block', () => {
    const at = text.split('\n').indexOf('[[npm]]') + 1
    assert.throws(
      () => parseLock(text.replace('size = 54321', 'size = -1'), 'berth.lock'),
      (error) => error instanceof Problem && error.text.at === `berth.lock:${at}`,
    )
  })
})
