import { rfc3339 } from '../lock-file.ts'
import type { Artifact, Lock } from '../lock.ts'
import { distinctArtifacts, type Subject } from './bill.ts'
import { purlOf } from './purl.ts'

export const provenanceType = 'https://slsa.dev/provenance/v1'

/** What is meant by a build of berth: the source and the lock decide the image, bit for bit. */
export const buildType = 'urn:x-berth:install:v1'

/**
 * How an image came to be: SLSA Provenance v1 (slsa.dev/spec/v1.0/provenance) in an in-toto Statement v1. It has no times
 * and no name of the machine, as neither has any part in the image.
 */
export function provenance({ app, image, lock, lockDigest, treeDigest }: Subject): object {
  const { recipe, architecture, time, asOf, inputs } = lock
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: app, digest: digestSet(image) }],
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          source: treeDigest,
          lock: lockDigest,
          inputs: Object.fromEntries(
            [...Map.groupBy(inputs, ({ file }) => file)].map(([file, lines]) => [
              file,
              Object.fromEntries(lines.map(({ name, value }) => [name, value])),
            ]),
          ),
          ...(asOf === undefined ? {} : { asOf }),
        },
        internalParameters: { recipe, architecture, sourceDateEpoch: rfc3339(time) },
        resolvedDependencies: [
          // The digest of a tree is berth's own (of paths, kinds and contents), not that of an archive.
          { name: 'source', digest: { berthTree: treeDigest.slice('sha256:'.length) } },
          { name: 'berth.lock', digest: digestSet(lockDigest) },
          ...distinctArtifacts(lock).map((artifact) => dependencyOf(artifact, lock)),
        ],
      },
      runDetails: { builder: { id: 'urn:x-berth:builder', version: { recipe: String(recipe) } } },
    },
  }
}

function dependencyOf(artifact: Artifact, lock: Lock): object {
  const { name, url, sha256, part } = artifact
  return {
    uri: purlOf(artifact, lock),
    digest: { sha256 },
    name,
    downloadLocation: url,
    ...(part === undefined ? {} : { annotations: { part } }),
  }
}

function digestSet(digest: string): object {
  return { sha256: digest.slice('sha256:'.length) }
}
