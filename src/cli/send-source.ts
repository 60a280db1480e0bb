import type { Readable } from 'node:stream'
import type { Connection } from '../client/connection.ts'
import type { DeployRequest } from '../model/api.ts'
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

type Wishes = Pick<DeployRequest, 'set' | 'buildOnly' | 'refresh'>

/** A source, opened and ready to be sent. Disposing of it removes what was fetched. */
export interface Sending extends AsyncDisposable {
  readonly daemon: Connection
  readonly body: Readable
  readonly notices: readonly string[]
}

export async function sendSource(input: SourceInput, context: Context, wishes?: Partial<Wishes>): Promise<Sending> {
  const { openSource, requestBody } = await import('../client/source.ts')
  const source = await openSource(input, context)
  try {
    const daemon = await context.daemon()
    const request = { ...source.described, set: {}, buildOnly: false, refresh: false, ...wishes }
    return {
      daemon,
      body: requestBody(request, source.tar),
      notices: source.notices,
      [Symbol.asyncDispose]: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}
