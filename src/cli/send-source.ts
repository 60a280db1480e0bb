import type { Readable } from 'node:stream'
import type { Connection } from '../client/connection.ts'
import type { DeployRequest } from '../model/api.ts'
import type { Event } from '../model/events.ts'
import { lockUnwritable } from '../model/problems/client.ts'
import { option, type Context } from './command.ts'

/** Options of every command that takes a source. */
export const retrieveOptions = {
  git: option('--git <URL>', 'retrieve from this git repository (https, ssh, file)'),
  tag: option('--tag <TAG>', 'tag to retrieve from the repository'),
}

export interface SourceInput {
  readonly folder: string | undefined
  readonly git: string | undefined
  readonly tag: string | undefined
}

type Wishes = Pick<DeployRequest, 'set' | 'goal' | 'locked' | 'update' | 'asOf'>

/** A source, opened and ready to be sent. Disposing of it removes what was fetched. */
export interface Sending extends AsyncDisposable {
  readonly daemon: Connection
  readonly body: Readable
  readonly notices: readonly string[]
  /** Where a lock of this source belongs; undefined for a repository, which nobody can write to. */
  readonly lockFile: string | undefined
}

export async function sendSource(input: SourceInput, context: Context, wishes?: Partial<Wishes>): Promise<Sending> {
  const { openSource, requestBody } = await import('../client/source.ts')
  const source = await openSource(input, context)
  try {
    const daemon = await context.daemon()
    const request = { ...source.described, set: {}, goal: 'deploy' as const, locked: false, ...wishes }
    return {
      daemon,
      body: requestBody(request, source.tar),
      notices: source.notices,
      lockFile: source.lockFile,
      [Symbol.asyncDispose]: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/**
 * Sends a source to be deployed, built or locked, and hands on what happens. A lock that comes of it is written beside
 * the manifest.
 * @throws lockUnwritable
 */
export async function* sourceEvents(
  input: SourceInput,
  context: Context,
  wishes: () => Promise<Partial<Wishes>>,
  path = '/v1/deploy',
): AsyncGenerator<Event> {
  await using sending = await sendSource(input, context, await wishes())
  for (const message of sending.notices) yield { kind: 'notice', message }
  const { writeWanted } = await import('../client/write-wanted.ts')
  for await (const event of sending.daemon.work('POST', path, sending.body)) {
    yield event
    if (event.kind !== 'locked') continue
    if (sending.lockFile !== undefined) await writeWanted(sending.lockFile, event.text, lockUnwritable)
    else if (event.changes.length > 0)
      yield { kind: 'notice', message: 'the lock is kept with the release; the repository has no berth.lock' }
  }
}
