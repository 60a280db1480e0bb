import type { Digest } from '../model/names.ts'
import { canonicalJson, mediaTypes, readDescriptor, record, type Descriptor } from './manifest.ts'

/**
 * Documents about an image, kept beside it: manifests of their own whose `subject` is the image (image-spec 1.1,
 * manifest.md, "Guidelines for Artifact Usage"), found in `index.json`, as the image itself is.
 */

/** What is attached: its kind, and what it says. */
export interface Attachment {
  /** Media type of the document; by it, others find what they understand. */
  readonly artifactType: string
  readonly mediaType: string
  readonly text: string
  /** Of the document, such as the signature of what it says. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** The content of a configuration that says nothing. */
export const emptyConfig = '{}'

/** The manifest that ties a document to an image. */
export function attachmentManifest(
  artifactType: string,
  { subject, config, document }: { subject: Descriptor; config: Descriptor; document: Descriptor },
): string {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config,
    layers: [document],
    subject,
  })
}

/** What a manifest attaches to which image; undefined when it attaches nothing. */
export interface ReadAttachment {
  readonly artifactType: string
  readonly subject: Digest
  readonly document: Descriptor
}

export function readAttachment(text: string): ReadAttachment | undefined {
  const manifest = record(parseJson(text))
  const artifactType = manifest?.['artifactType']
  const subject = readDescriptor(manifest?.['subject'])
  const layers = manifest?.['layers']
  const document = readDescriptor(Array.isArray(layers) ? layers[0] : undefined)
  if (typeof artifactType !== 'string' || !subject || !document) return undefined
  return { artifactType, subject: subject.digest, document }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
