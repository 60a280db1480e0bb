import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Verification } from '../../model/proof.ts'
import { renderScrub } from '../commands/scrub.ts'
import { renderVerification } from '../commands/verify.ts'
import { paintFor } from './paint.ts'
import { describeReproduced } from './reproduced.ts'

const digest = `sha256:${'a'.repeat(64)}` as const
const verification: Verification = {
  ...{ app: 'shop', release: 'v3', image: digest, files: 6669, bytes: 123_000_000, byteCode: 737, sandbox: 'shop-4' },
  drift: [],
}

describe('renderVerification()', () => {
  it('says in one line that all is well', () => {
    const wanted =
      'shop v3 is what was released: 6669 files, 123 MB, 737 of them byte-code that fits its source; shop-4 runs it'
    assert.equal(renderVerification(verification), wanted)
  })

  it('names each thing that is not, and what of a file name could fool a terminal', () => {
    const drift = [
      { where: 'source', path: 'app/x\u001b[2J', what: 'file was added' },
      { where: 'sandbox', what: 'Seccomp is 0, and should be 2' },
    ]
    const lines = renderVerification({ ...verification, drift }).split('\n')
    assert.equal(lines[0], 'shop v3 is not what was released:')
    assert.ok(!lines[1]?.includes('\u001b') && lines[1]?.includes('file was added'))
    assert.equal(lines[2], '  sandbox: Seccomp is 0, and should be 2')
  })

  it('cuts what would scroll away', () => {
    const drift = Array.from({ length: 300 }, (_, index) => ({ where: 'source', path: `f${index}`, what: 'is gone' }))
    assert.equal(
      renderVerification({ ...verification, drift })
        .split('\n')
        .at(-1),
      '  and 100 more',
    )
  })
})

describe('renderScrub()', () => {
  const report = { finishedAt: '2026-01-01T00:00:00Z', layers: 8, blobs: 130, damage: [] }

  it('says that nothing is damaged', () => {
    assert.equal(renderScrub(report), '8 layers and 130 other blobs read: nothing is damaged')
  })

  it('tells what is mended from what is not', () => {
    const damage = [
      { what: 'a blob', mended: true, outcome: 'it was removed', apps: [] },
      { what: 'a layer', mended: false, outcome: 'deploy again', apps: ['shop'] },
    ]
    const lines = renderScrub({ ...report, damage }).split('\n')
    assert.deepEqual(lines.slice(1), ['  mended   a blob: it was removed', '  DAMAGED  a layer: deploy again'])
  })
})

describe('describeReproduced()', () => {
  it('says what was varied, what was not, and who signed', () => {
    const event = {
      ...{ kind: 'reproduced' as const, app: 'shop', release: 'v3', digest, again: digest, seconds: 77, byteCode: 0 },
      ...{ varied: ['the directory'], notVaried: ['the kernel'], attestation: { text: '{}', key: 'ed25519:k' } },
    }
    const screen = { write: () => undefined, columns: undefined, paint: paintFor(false, {}), now: () => 0 }
    const lines = describeReproduced(event, screen).split('\n')
    assert.match(lines[0] ?? '', /^shop v3 came out the same when it was built again, in /)
    assert.deepEqual(lines.slice(1), [
      '  varied:',
      '    the directory',
      '  not varied:',
      '    the kernel',
      '  signed with the key ed25519:k',
    ])
  })
})
