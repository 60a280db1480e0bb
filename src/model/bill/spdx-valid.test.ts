import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { subject } from '../../../tests/fixtures/bill-subject.ts'
import { validateSpdx } from '../../../tests/fixtures/spdx-tools.ts'
import { spdx } from './spdx.ts'

describe('a bill of SPDX, read by the tools of SPDX', () => {
  const validate = (document: object) => validateSpdx(JSON.stringify(document))

  it('is valid', async () => assert.equal(await validate(spdx(subject)), ''))

  it('is not when anything is missing, unknown or leads nowhere', async () => {
    const whole = spdx(subject) as { packages: { downloadLocation: string }[]; relationships: object[] }
    const { relationships, packages } = whole
    const lost = { ...relationships[0], relatedSpdxElement: 'SPDXRef-nowhere' }
    const changes = [
      { spdxVersion: undefined },
      { documentNamespace: 'no name' },
      { packages: packages.map((each) => ({ ...each, downloadLocation: 'here' })) },
      { relationships: [...relationships, lost] },
    ]
    for (const change of changes) await assert.rejects(validate({ ...whole, ...change }), { code: 1 })
  })
})
