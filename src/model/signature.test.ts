import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { imageOfPayload, signedPayload } from './signature.ts'

const image = `sha256:${'ab'.repeat(32)}` as const

describe('imageOfPayload()', () => {
  it('finds the image that a signature is about', () => assert.equal(imageOfPayload(signedPayload(image)), image))

  const others: Record<string, string> = {
    'no JSON': 'hello',
    nothing: 'null',
    'another kind of document': signedPayload(image).replace('cosign container image signature', 'atomic'),
    'what names no image': signedPayload(image).replace('docker-manifest-digest', 'digest'),
    'what names something else': signedPayload(image).replace('sha256:', 'md5:'),
  }
  for (const [name, text] of Object.entries(others)) {
    it(`finds none in ${name}`, () => assert.equal(imageOfPayload(text), undefined))
  }
})
