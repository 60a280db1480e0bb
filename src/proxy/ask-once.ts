import type { Artifact } from '../model/lock.ts'
import type { Digest } from '../model/names.ts'
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts'
import { Upstream } from './upstream.ts'

export interface AskedOnce {
  /** The content; undefined when there is none. */
  readonly blob: Digest | undefined
  /** Why there is none. */
  readonly reason: string
  readonly artifacts: readonly Artifact[]
  readonly failure: Error | undefined
}

/** Asks for one URL as a build would, without a proxy in between. */
export async function askOnce(url: URL, options: DispatcherOptions): Promise<AskedOnce> {
  const dispatcher = new Dispatcher(options, new Upstream())
  const { status, body } = await dispatcher.answer({
    method: 'GET',
    url,
    headers: { accept: '*/*' },
    body: () => Promise.resolve(Buffer.alloc(0)),
  })
  const blob = typeof body === 'object' && 'blob' in body && status === 200 ? body.blob : undefined
  const reason = blob === undefined && typeof body === 'string' ? body.trim() : `the answer was ${status}`
  return { blob, reason, artifacts: dispatcher.artifacts, failure: dispatcher.failure }
}
