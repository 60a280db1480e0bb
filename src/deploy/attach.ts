import { canonicalJson, type Attachment } from '../image/index.ts'
import { attestationType } from '../model/attestation.ts'
import type { Subject } from '../model/bill/bill.ts'
import { cycloneDx } from '../model/bill/cyclonedx.ts'
import { provenance } from '../model/bill/provenance.ts'
import { spdx } from '../model/bill/spdx.ts'
import type { Digest } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import type { BillFormat } from '../model/bill/formats.ts'
import type { Berth } from './berth.ts'
import { lockOf, requireLockOf } from './locking.ts'

const cycloneDxType = 'application/vnd.cyclonedx+json'
const spdxType = 'application/spdx+json'
const statementMediaType = 'application/vnd.in-toto+json'

/** Attaches to an image what it is made of and how it came to be. */
export async function attachDocuments(berth: Berth, subject: Subject): Promise<void> {
  const { app, image, lockDigest, treeDigest } = subject
  const name = [app, image, lockDigest, treeDigest].join(' ')
  if (!berth.documented.has(name)) {
    for (const document of documentsOf(subject)) await berth.images.attach(image, document)
    berth.documented.add(name)
  }
}

/** Takes them away from images that do not serve: they come of the lock, and `berth sbom` still tells them. */
export async function detachDocuments(berth: Berth, images: readonly Digest[]): Promise<void> {
  await berth.images.detach(images, [cycloneDxType, spdxType, statementMediaType])
  berth.documented.clear()
}

/**
 * Attaches the documents of a release that is to serve again; one whose lock is lost serves without. Only what has just been
 * built is signed: a signature that is missing here is missed by whoever asks for it.
 */
export async function documentRelease(berth: Berth, release: Release): Promise<void> {
  if (await lockOf(berth, release)) await attachDocuments(berth, await subjectOf(berth, release))
}

/** Keeps what others have signed of an image for as long as the image: a bundle of it takes them along. */
export async function attachStatements(berth: Berth, image: Digest, statements: readonly string[]): Promise<void> {
  for (const text of statements) {
    await berth.images.attach(image, { artifactType: attestationType, mediaType: attestationType, text })
  }
}

function documentsOf(subject: Subject): Attachment[] {
  const document = (type: string, content: object) => ({
    artifactType: type,
    mediaType: type,
    text: canonicalJson(content),
  })
  return [
    document(cycloneDxType, cycloneDx(subject)),
    document(spdxType, spdx(subject)),
    document(statementMediaType, provenance(subject)),
  ]
}

/** The bill of materials of a release. It comes of the lock alone, so it need not be looked for. @throws releaseLockMissing */
export async function billOf(berth: Berth, release: Release, format: BillFormat): Promise<object> {
  const subject = await subjectOf(berth, release)
  return format === 'spdx' ? spdx(subject) : cycloneDx(subject)
}

/** How the image of a release came to be. @throws releaseLockMissing */
export async function provenanceOf(berth: Berth, release: Release): Promise<object> {
  return provenance(await subjectOf(berth, release))
}

async function subjectOf(berth: Berth, release: Release): Promise<Subject> {
  const { app, image, source } = release
  const lock = await requireLockOf(berth, release)
  return { app, image, lock, lockDigest: release.lock, treeDigest: source.treeDigest }
}
