import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact } from '../../../model/lock.ts'
import { withoutSiblings } from './held-debs.ts'

function deb(name: string, folder: string): Artifact {
  const url = `http://deb.example.org/debian/${folder}${name}_1_all.deb`
  return { kind: 'deb', name, version: '1', url, sha256: name, size: 1 }
}

describe('withoutSiblings()', () => {
  const [nginx, common, curl] = [
    deb('nginx', 'pool/main/n/nginx/'),
    deb('nginx-common', 'pool/main/n/nginx/'),
    deb('curl', 'pool/main/c/curl/'),
  ]
  const flat = [deb('one', ''), deb('two', '')]

  it('lets go of what comes of the same source as what may move', () => {
    assert.deepEqual(withoutSiblings([common, curl], [nginx, common, curl]), [curl])
  })

  it('knows no sources where all packages lie in one directory', () => {
    assert.deepEqual(withoutSiblings(flat.slice(1), flat), flat.slice(1))
  })

  it('holds all when nothing may move', () => {
    assert.deepEqual(withoutSiblings([nginx, common], [nginx, common]), [nginx, common])
  })
})
