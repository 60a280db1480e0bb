import { join } from 'node:path'
import * as files from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { oneAtATime } from '../host/one-at-a-time.ts'
import type { Digest } from '../model/names.ts'
import type { Image, ImageConfigPlan } from '../model/plan.ts'
import { imageMissing } from '../model/problems/install.ts'
import { attachmentManifest, emptyConfig, readAttachment, type Attachment, type ReadAttachment } from './attachments.ts'
import { BlobStore } from './blobs.ts'
import { Cache } from './cache.ts'
import { findGarbage, type Garbage } from './garbage.ts'
import { LayerStore, type StoredLayer } from './layers.ts'
import {
  canonicalJson,
  configDocument,
  manifestDocument,
  mediaTypes,
  parseConfig,
  parseIndex,
  parseManifest,
  type Descriptor,
} from './manifest.ts'

const refName = 'org.opencontainers.image.ref.name'

/** What is attached to an image, and the manifest that attaches it. */
type Attached = ReadAttachment & { readonly digest: Digest }

/** The images of one berth. BERTH_HOME itself is an OCI image layout (image-spec, image-layout.md). */
export class ImageStore {
  readonly blobs: BlobStore
  readonly layers: LayerStore
  readonly cache: Cache
  readonly #instance: Instance

  constructor(instance: Instance) {
    this.#instance = instance
    this.blobs = new BlobStore(instance)
    this.layers = new LayerStore(instance, this.blobs)
    this.cache = new Cache(instance)
  }

  /** Writes configuration and manifest of an image whose layers are in the store. */
  async writeImage(layers: readonly StoredLayer[], config: ImageConfigPlan, epoch: number): Promise<Image> {
    const diffIds = layers.map((layer) => layer.diffId)
    const stored = await this.blobs.addText(configDocument(config, diffIds, epoch))
    const manifest = manifestDocument(
      { mediaType: mediaTypes.config, digest: stored.digest, size: stored.bytes },
      layers.map(({ diffId, bytes }) => ({ mediaType: mediaTypes.layer, digest: diffId, size: bytes })),
    )
    const { digest } = await this.blobs.addText(manifest)
    await this.#writeLayoutFile()
    return { digest, layers: diffIds, config }
  }

  /** @throws imageMissing when it is not in the store, blobCorrupt when it is not what its digest says. */
  async readImage(digest: Digest): Promise<Image> {
    const manifest = parseManifest((await this.blobs.readText(digest)) ?? '')
    const found = manifest && parseConfig((await this.blobs.readText(manifest.config)) ?? '')
    if (!found) throw imageMissing({ digest })
    return { digest, layers: found.layers, config: found.config }
  }

  /** The blobs that an image consists of, with what each is. @throws imageMissing, blobCorrupt */
  async partsOf(digest: Digest): Promise<Map<Digest, string>> {
    const manifest = parseManifest((await this.blobs.readText(digest)) ?? '')
    if (!manifest) throw imageMissing({ digest })
    const layers = manifest.layers.map((layer, index) => [layer, `layer ${index + 1}`] as const)
    return new Map([[digest, 'image manifest'], [manifest.config, 'image configuration'], ...layers])
  }

  /** Whether the image can be run without a build: its documents and each of its layers are there. */
  async hasImage(digest: Digest): Promise<boolean> {
    const manifest = parseManifest((await this.blobs.readText(digest)) ?? '')
    if (!manifest || !(await this.blobs.has(manifest.config))) return false
    for (const layer of manifest.layers) if (!(await this.layers.has(layer))) return false
    return true
  }

  /**
   * Unpacked layers as absolute paths, lowest first; those that are missing are unpacked from their blobs.
   * @throws layerMissing, blobCorrupt
   */
  async layerDirectories(image: Pick<Image, 'layers'>): Promise<string[]> {
    const directories: string[] = []
    for (const layer of image.layers) directories.push(await this.layers.restore(layer))
    return directories
  }

  /** Gives an image a name, such as `taslug:v1`, for `skopeo inspect oci:HOME:taslug:v1`; it may have several. */
  async tag(digest: Digest, name: string): Promise<void> {
    const { size } = await files.stat(this.blobs.path(digest))
    const entry: Descriptor = { mediaType: mediaTypes.manifest, digest, size, annotations: { [refName]: name } }
    await this.#changeIndex((entries) => [...entries.filter((other) => nameOf(other) !== name), entry])
  }

  /** Takes a name away; the image stays until the garbage is removed. */
  async untag(name: string): Promise<void> {
    await this.#changeIndex((entries) => entries.filter((entry) => nameOf(entry) !== name))
  }

  /**
   * Attaches a document to an image. The same document is attached once, however often it is.
   * @returns the digest of its manifest
   */
  async attach(image: Digest, { artifactType, mediaType, text, annotations }: Attachment): Promise<Digest> {
    const [config, document] = [await this.blobs.addText(emptyConfig), await this.blobs.addText(text)]
    const manifest = attachmentManifest(artifactType, {
      subject: { mediaType: mediaTypes.manifest, digest: image, size: (await files.stat(this.blobs.path(image))).size },
      config: { mediaType: mediaTypes.empty, digest: config.digest, size: config.bytes },
      document: {
        ...{ mediaType, digest: document.digest, size: document.bytes },
        ...(annotations === undefined ? {} : { annotations }),
      },
    })
    const { digest } = await this.blobs.addText(manifest)
    await this.listAttachment(digest)
    return digest
  }

  /** Makes a manifest that attaches something, and that is in the store, be found. */
  async listAttachment(digest: Digest): Promise<void> {
    const text = (await this.blobs.readText(digest)) ?? ''
    const { artifactType } = readAttachment(text) ?? {}
    if (artifactType === undefined || (await this.#index()).some((entry) => entry.digest === digest)) return
    const entry: Descriptor = { mediaType: mediaTypes.manifest, artifactType, digest, size: Buffer.byteLength(text) }
    await this.#changeIndex((entries) => [...entries.filter((other) => other.digest !== digest), entry])
  }

  /** What is attached to images, with the digest of the manifest that attaches it. */
  async attachments(images: readonly Digest[]): Promise<Attached[]> {
    return (await this.#attachments()).filter(({ subject }) => images.includes(subject))
  }

  async #attachments(): Promise<Attached[]> {
    const found: Attached[] = []
    for (const { digest, artifactType } of await this.#index()) {
      const text = artifactType === undefined ? undefined : await this.blobs.readText(digest)
      const attachment = text === undefined ? undefined : readAttachment(text)
      if (attachment) found.push({ digest, ...attachment })
    }
    return found
  }

  /** Takes documents of some kinds away from images, with what nothing else attaches. */
  async detach(images: readonly Digest[], artifactTypes: readonly string[]): Promise<void> {
    const leaves = (each: ReadAttachment) => images.includes(each.subject) && artifactTypes.includes(each.artifactType)
    const all = await this.#attachments()
    const stay = new Set(all.filter((each) => !leaves(each)).map(({ document }) => document.digest))
    const leaving = all.filter(leaves)
    const gone = new Set(leaving.map(({ digest }) => digest))
    if (gone.size === 0) return
    await this.#changeIndex((entries) => entries.filter(({ digest }) => !gone.has(digest)))
    for (const { digest, document } of leaving) {
      await this.blobs.remove(digest)
      if (!stay.has(document.digest)) await this.blobs.remove(document.digest)
    }
  }

  /**
   * What no image of `keepImages` needs, is not attached to one of them, and is none of `keepBlobs`. Removes nothing.
   */
  async garbage(keepImages: readonly Digest[], keepBlobs: readonly Digest[] = []): Promise<Garbage[]> {
    const attached = (await this.attachments(keepImages)).map(({ digest }) => digest)
    const kept = { keepImages: [...keepImages, ...attached], keepBlobs }
    return findGarbage({ instance: this.#instance, blobs: this.blobs, cache: this.cache, ...kept })
  }

  /** Removes what `garbage` found, and what no longer exists from `index.json`. */
  async removeGarbage(found: readonly Garbage[]): Promise<void> {
    const removed = new Set(found.map((garbage) => garbage.path))
    await this.#changeIndex((entries) => entries.filter((entry) => !removed.has(this.blobs.path(entry.digest))))
    // Images go first, then layers: a crash in between leaves more garbage, never half an image.
    for (const { path } of found) await files.removeTree(path)
  }

  async #index(): Promise<Descriptor[]> {
    return parseIndex((await files.readText(this.#indexFile)) ?? '')
  }

  get #indexFile(): string {
    return join(this.#instance.home, 'index.json')
  }

  async #changeIndex(change: (entries: Descriptor[]) => Descriptor[]): Promise<void> {
    const path = this.#indexFile
    await oneAtATime(path, async () => {
      await this.#writeLayoutFile()
      const entries = change(await this.#index())
      const sorted = entries.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
      const text = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: sorted })
      await files.writeFileAtomically(path, text)
    })
  }

  async #writeLayoutFile(): Promise<void> {
    const path = join(this.#instance.home, 'oci-layout')
    if (!(await files.exists(path))) await files.writeFileAtomically(path, '{"imageLayoutVersion":"1.0.0"}')
  }
}

/** Images by name, then what is attached to them. */
function sortKey(entry: Descriptor): string {
  return `${entry.artifactType ?? ''} ${nameOf(entry)} ${entry.digest}`
}

function nameOf(entry: Descriptor): string {
  return entry.annotations?.[refName] ?? ''
}
