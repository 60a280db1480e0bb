import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import * as files from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { isDigest, type Digest } from '../model/names.ts'
import { canonicalJson } from './manifest.ts'

/** What a layer came to that was built from a key. Losing a record costs a build, never an image. */
export interface LayerRecord {
  readonly title: string
  readonly diffId: Digest
  readonly bytes: number
  /** Keys of the layers that it was built on, lowest first. */
  readonly standsOn: readonly string[]
  /** The answers that decided its inputs, by their key. */
  readonly answers: readonly string[]
}

/** Small files below `cache`: which layer a key stands for, and what a question about packages was answered. */
export class Cache {
  readonly #directory: string

  constructor(instance: Instance) {
    this.#directory = join(instance.home, 'cache')
  }

  get layersDirectory(): string {
    return join(this.#directory, 'layers')
  }

  get answersDirectory(): string {
    return join(this.#directory, 'answers')
  }

  /** Working files of package managers on the host, such as apt's lists. */
  workDirectory(name: string): string {
    return join(this.#directory, name)
  }

  /** What layers are called, by their digests. */
  async titles(): Promise<Map<Digest, string>> {
    const titles = new Map<Digest, string>()
    for (const { record } of await this.#records()) titles.set(record.diffId, record.title)
    return titles
  }

  async layer(key: string): Promise<LayerRecord | undefined> {
    const found = await this.#read(join(this.layersDirectory, `${key}.json`))
    // Only berth writes these, atomically; one that is damaged all the same is as good as none.
    return isLayerRecord(found) ? found : undefined
  }

  async rememberLayer(key: string, record: LayerRecord): Promise<void> {
    await this.#write(this.layersDirectory, key, record)
  }

  /** Forgets a layer, so that it is built again when it is next asked for. */
  async forgetLayer(diffId: Digest): Promise<void> {
    for (const { path, record } of await this.#records()) {
      if (record.diffId === diffId) await files.rm(path, { force: true })
    }
  }

  async #records(): Promise<{ readonly path: string; readonly record: LayerRecord }[]> {
    const names = await files.readdir(this.layersDirectory).catch((error: unknown) => {
      if (files.hasCode(error, 'ENOENT')) return []
      throw error
    })
    const records = names.map(async (name) => {
      const record = await this.layer(basename(name, '.json'))
      return record === undefined ? [] : [{ path: join(this.layersDirectory, name), record }]
    })
    return (await Promise.all(records)).flat()
  }

  async answer(key: string): Promise<unknown> {
    return this.#read(join(this.answersDirectory, `${key}.json`))
  }

  async rememberAnswer(key: string, answer: unknown): Promise<void> {
    await this.#write(this.answersDirectory, key, answer)
  }

  async #read(path: string): Promise<unknown> {
    const text = await files.readText(path)
    try {
      return text === undefined ? undefined : JSON.parse(text)
    } catch {
      return undefined
    }
  }

  async #write(directory: string, key: string, value: unknown): Promise<void> {
    await files.mkdir(directory, { recursive: true })
    await files.replaceFile(join(directory, `${key}.json`), `${JSON.stringify(value, undefined, 2)}\n`)
  }
}

/** A name for what a result depends on: equal for equal values, whatever the order of their keys. */
export function keyOf(inputs: unknown): string {
  return createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 40)
}

function isLayerRecord(value: unknown): value is LayerRecord {
  if (typeof value !== 'object' || value === null) return false
  const { title, diffId, bytes, standsOn, answers } = value as Partial<Record<keyof LayerRecord, unknown>>
  return (
    typeof title === 'string' &&
    typeof diffId === 'string' &&
    isDigest(diffId) &&
    typeof bytes === 'number' &&
    Array.isArray(standsOn) &&
    Array.isArray(answers)
  )
}
