import { rfc3339 } from '../lock-file.ts'
import type { Artifact, Lock } from '../lock.ts'
import { distinctArtifacts, identityOf, isOnlyForBuild, uuidOf, type Subject } from './bill.ts'
import { imagePurl, purlOf } from './purl.ts'

/**
 * The bill of materials of an image in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json), made of its lock alone: always the
 * same for the same image. Licences are left out, as a lock does not know them.
 */
export function cycloneDx({ app, image, lock, lockDigest }: Subject): object {
  const artifacts = distinctArtifacts(lock)
  const main = `image-${app}`
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`cyclonedx ${app} ${image} ${lockDigest}`)}`,
    version: 1,
    metadata: {
      timestamp: rfc3339(lock.time),
      tools: { components: [{ type: 'application', name: 'berth' }] },
      component: {
        type: 'container',
        'bom-ref': main,
        name: app,
        version: image,
        purl: imagePurl(app, image),
        hashes: [{ alg: 'SHA-256', content: image.slice('sha256:'.length) }],
      },
      properties: [
        { name: 'berth:lock', value: lockDigest },
        { name: 'berth:recipe', value: String(lock.recipe) },
        { name: 'berth:architecture', value: lock.architecture },
      ],
    },
    components: artifacts.map((artifact) => componentOf(artifact, lock)),
    dependencies: [
      {
        ref: main,
        dependsOn: artifacts
          .filter((artifact) => !isOnlyForBuild(artifact))
          .map(identityOf)
          .sort(),
      },
    ],
  }
}

function componentOf(artifact: Artifact, lock: Lock): object {
  const { kind, name, version, url, sha256, part } = artifact
  return {
    type: kind === 'image' ? 'container' : kind === 'http' ? 'file' : 'library',
    'bom-ref': identityOf(artifact),
    name,
    version,
    purl: purlOf(artifact, lock),
    // What is excluded is not delivered.
    scope: isOnlyForBuild(artifact) ? 'excluded' : 'required',
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    externalReferences: [{ type: 'distribution', url }],
    ...(part === undefined ? {} : { properties: [{ name: 'berth:part', value: part }] }),
  }
}
