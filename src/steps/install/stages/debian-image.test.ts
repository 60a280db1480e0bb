import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { debianSuiteOf } from './debian-image.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('debianSuiteOf()', () => {
  const cases: readonly [string, string | undefined][] = [
    ['debian', 'trixie'],
    ['debian:latest', 'trixie'],
    ['debian:stable-slim', 'trixie'],
    ['debian:bookworm', 'bookworm'],
    ['debian:bookworm-slim', 'bookworm'],
    ['debian:bullseye', 'bullseye'],
    ['debian:12', 'bookworm'],
    ['debian:11.9-slim', 'bullseye'],
    ['docker.io/debian:trixie', 'trixie'],
    ['docker.io/library/debian:trixie', 'trixie'],
    ['library/debian:13', 'trixie'],
    ['debian:buster', undefined],
    ['debian:sid', undefined],
    ['debian:bookworm-backports', undefined],
    [`debian@${digest}`, undefined],
    [`debian:bookworm@${digest}`, undefined],
    ['python:3.11-bookworm', undefined],
    ['example.org/debian:bookworm', undefined],
    ['localhost:5000/debian:bookworm', undefined],
    ['someone/debian:bookworm', undefined],
  ]
  for (const [reference, suite] of cases) {
    it(`takes ${reference.replace(digest, 'sha256:…')} for ${suite ?? 'an image of a registry'}`, () => {
      assert.equal(debianSuiteOf(reference), suite)
    })
  }
})
