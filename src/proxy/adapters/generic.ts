import { createHash } from 'node:crypto'
import { exists } from '../../host/files.ts'
import { absentTag, digestOf, isAbsent, type Artifact } from '../../model/lock.ts'
import { NotFound, type Adapter, type BuildAnswer, type BuildRequest, type MakeAdapter } from '../adapter.ts'
import type { Recorder, Shelf } from '../adapter.ts'
import { headersOf, lockedUrl, nameOf, registryOf, versionOf } from './generic-request.ts'
import { contentTypeOf } from './generic-type.ts'

/**
 * Every download that no other adapter knows: one URL, one content. Nothing is made here, so that a URL which means
 * something else tomorrow (`latest`) keeps meaning what it did.
 */
export const generic: MakeAdapter = () => new GenericAdapter()

class GenericAdapter implements Adapter {
  readonly kind = 'http'
  readonly #told = new Set<string>()

  async record(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer> {
    const url = lockedUrl(request.url)
    if (!isReading(request)) {
      const why = 'only what is read can be locked, and be the same the next time'
      recorder.notice(`The build sent a ${request.method} to ${url}: refused, because ${why}`)
      return { status: 403, body: `berth: a ${request.method} cannot be locked\n` }
    }
    this.#explain(request, recorder)
    const held = await heldContent(request.url, recorder)
    if (held) return answerWith(held, recorder.path(held))
    const name = { kind: 'http', name: nameOf(request.url), version: versionOf(request.url) } as const
    try {
      const artifact = await recorder.take(name, withoutFragment(request.url), { headers: headersOf(request) })
      return await answerWith(artifact, recorder.path(artifact))
    } catch (error) {
      if (!(error instanceof NotFound) || (error.status !== 404 && error.status !== 410)) throw error
      recorder.add({ ...name, url, ...nothing, tags: [`${absentTag}${error.status}`] })
      return { status: error.status, body: `${error.message}\n` }
    }
  }

  async replay(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer> {
    const url = lockedUrl(request.url)
    const found = shelf.artifacts.filter((artifact) => artifact.url === url && artifact.kind !== 'git')
    const artifact = isReading(request) ? (found.find((one) => !isAbsent(one)) ?? found[0]) : undefined
    if (!artifact) return { status: 403, body: `berth: ${request.method} ${url} is not in berth.lock\n`, missing: url }
    if (isAbsent(artifact)) return { status: artifact.tags?.includes(`${absentTag}410`) ? 410 : 404 }
    return answerWith(artifact, await shelf.provide(artifact))
  }

  #explain(request: BuildRequest, recorder: Recorder): void {
    const registry = registryOf(request)
    if (registry !== undefined) {
      const how = 'each document that its client fetches, indexes included, is pinned as it is now'
      this.#once(registry, recorder, `berth knows the registry of ${registry} as downloads only: ${how}`)
    }
    if (recorder.asOf) {
      const what = `${request.url.host}${request.url.pathname} is as it is today, for one`
      this.#once('asOf', recorder, `A plain download has no history: ${what}`)
    }
  }

  #once(what: string, recorder: Recorder, message: string): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    recorder.notice(message)
  }
}

/** What an earlier lock has for a URL, as long as the content is still here. */
async function heldContent(url: URL, recorder: Recorder): Promise<Artifact | undefined> {
  const held = recorder.held('http', nameOf(url)).find((known) => known.url === lockedUrl(url) && !isAbsent(known))
  if (!held || !(await exists(recorder.path(held)))) return undefined
  recorder.add(held)
  return held
}

async function answerWith(artifact: Artifact, path: string): Promise<BuildAnswer> {
  const type = await contentTypeOf(new URL(artifact.url), path)
  return { status: 200, headers: { 'content-type': type }, body: { blob: digestOf(artifact) } }
}

function isReading({ method }: BuildRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

function withoutFragment(url: URL): URL {
  const whole = new URL(url)
  whole.hash = ''
  return whole
}

const nothing = { sha256: createHash('sha256').digest('hex'), size: 0 }
