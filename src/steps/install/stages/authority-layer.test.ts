import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { dropAuthority } from './authority-layer.ts'

const certificate = '-----BEGIN CERTIFICATE-----\nb2YgdGhlIHByb3h5\n-----END CERTIFICATE-----\n'
const others = '-----BEGIN CERTIFICATE-----\nb2Ygc29tZWJvZHkgZWxzZQ==\n-----END CERTIFICATE-----\n'

describe('dropAuthority()', () => {
  let upper: string
  let outside: string
  beforeEach(async () => {
    upper = await mkdtemp(join(tmpdir(), 'berth-authority-'))
    outside = `${upper}-outside`
    await writeFile(outside, others + certificate)
  })
  afterEach(() => Promise.all([upper, outside].map((path) => rm(path, { recursive: true }))))

  it('takes the certificate out of lists and their copies, and nothing else', async () => {
    await mkdir(join(upper, 'etc/ssl/certs'), { recursive: true })
    const paths = ['etc/ssl/certs/ca-certificates.crt', '-copy of a list\n']
    for (const path of paths) await writeFile(join(upper, path), others + certificate)
    await writeFile(join(upper, 'binary'), Buffer.concat([Buffer.from([0xff, 0, 0xe9]), Buffer.from(certificate)]))
    await writeFile(join(upper, 'other'), others)
    await dropAuthority(upper, certificate)
    for (const path of [...paths, 'other']) assert.equal(await readFile(join(upper, path), 'utf8'), others)
    assert.deepEqual(await readFile(join(upper, 'binary')), Buffer.from([0xff, 0, 0xe9]))
  })

  it('leaves alone what has nothing of it, and what links lead to', async () => {
    await symlink(outside, join(upper, 'link'))
    await writeFile(join(upper, 'other'), others)
    const before = await stat(join(upper, 'other'))
    await dropAuthority(upper, certificate)
    assert.equal((await stat(join(upper, 'other'))).mtimeMs, before.mtimeMs)
    assert.equal(await readFile(outside, 'utf8'), others + certificate)
  })
})
