import { rfc3339 } from '../lock-file.ts'
import type { Artifact, Lock } from '../lock.ts'
import { distinctArtifacts, identityOf, isOnlyForBuild, uuidOf, type Subject } from './bill.ts'
import { imagePurl, purlOf } from './purl.ts'

/**
 * The bill of materials of an image in SPDX 2.3 (spdx.github.io/spdx-spec/v2.3), made of its lock alone: always the same
 * for the same image. A lock does not know licences, so nothing is asserted of them.
 */
export function spdx({ app, image, lock, lockDigest }: Subject): object {
  const artifacts = distinctArtifacts(lock)
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: app,
    documentNamespace: `urn:uuid:${uuidOf(`spdx ${app} ${image} ${lockDigest}`)}`,
    creationInfo: {
      created: rfc3339(lock.time),
      creators: ['Tool: berth'],
      comment: `Made from the lock ${lockDigest} (recipe ${lock.recipe}, ${lock.architecture})`,
    },
    documentDescribes: [imageId],
    packages: [imagePackage(app, image), ...artifacts.map((artifact) => packageOf(artifact, lock))],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: imageId },
      ...artifacts.map(relationshipOf),
    ],
  }
}

const imageId = 'SPDXRef-image'
const unknown = 'NOASSERTION'
const unsaid = { licenseConcluded: unknown, licenseDeclared: unknown, copyrightText: unknown, filesAnalyzed: false }

function imagePackage(app: string, image: string): object {
  return {
    SPDXID: imageId,
    name: app,
    versionInfo: image,
    downloadLocation: unknown,
    primaryPackagePurpose: 'CONTAINER',
    ...unsaid,
    checksums: [{ algorithm: 'SHA256', checksumValue: image.slice('sha256:'.length) }],
    externalRefs: [reference(imagePurl(app, image))],
  }
}

function packageOf(artifact: Artifact, lock: Lock): object {
  const { name, version, url, sha256 } = artifact
  return {
    SPDXID: idOf(artifact),
    name,
    versionInfo: version,
    downloadLocation: url,
    ...unsaid,
    checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
    externalRefs: [reference(purlOf(artifact, lock))],
  }
}

function reference(purl: string): object {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }
}

function relationshipOf(artifact: Artifact): object {
  const id = idOf(artifact)
  return isOnlyForBuild(artifact)
    ? { spdxElementId: id, relationshipType: 'BUILD_DEPENDENCY_OF', relatedSpdxElement: imageId }
    : { spdxElementId: imageId, relationshipType: 'CONTAINS', relatedSpdxElement: id }
}

function idOf(artifact: Artifact): string {
  return `SPDXRef-${identityOf(artifact)}`
}
