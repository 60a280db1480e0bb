import { gunzipSync } from 'node:zlib'
import { withoutUserinfo } from '../../model/secret.ts'
import type { BuildRequest } from '../adapter.ts'
import { readPackets } from './git-packet.ts'
import { sshAddressBehind } from './git-ssh-address.ts'

/** What a client of git asks over HTTP (gitprotocol-http(5)). */

export interface GitRequest {
  readonly kind: 'refs' | 'fetch' | 'push' | 'files' | 'large files'
  /** Address of the repository, as the client has it, without credentials; over HTTP or ssh. */
  readonly repository: string
}

/** @returns undefined for what is none of git's @throws sshAddressRefused */
export function readGitRequest({ method, url, headers }: BuildRequest): GitRequest | undefined {
  const kind = kindOf(method, url, headers['user-agent'] ?? '')
  const path = url.pathname.replace(/\/(info\/refs|info\/lfs\/.*|git-(upload|receive)-pack)$/, '')
  if (!kind) return undefined
  const ssh = sshAddressBehind({ host: url.host, pathname: path })
  return { kind, repository: ssh?.url ?? withoutUserinfo(url.origin) + path }
}

function kindOf(method: string, { pathname, searchParams }: URL, agent: string): GitRequest['kind'] | undefined {
  const isReading = method === 'GET'
  if (/\/info\/lfs\/(objects|locks)/.test(pathname)) return 'large files'
  if (pathname.endsWith('/git-receive-pack')) return 'push'
  if (pathname.endsWith('/git-upload-pack')) return method === 'POST' ? 'fetch' : undefined
  if (!isReading || !pathname.endsWith('/info/refs')) return undefined
  const service = searchParams.get('service')
  if (service === 'git-upload-pack') return 'refs'
  if (service === 'git-receive-pack') return 'push'
  return agent.startsWith('git/') ? 'files' : undefined
}

/** Which protocol a client speaks: 2, or 0, which 1 is but for one line. */
export function protocolOf({ headers }: BuildRequest): 0 | 2 {
  return /(^|:)version=2(:|$)/.test(headers['git-protocol'] ?? '') ? 2 : 0
}

export type Command =
  | {
      readonly kind: 'ls-refs'
      readonly prefixes: readonly string[]
      readonly withPeeled: boolean
      readonly withSymrefs: boolean
    }
  | {
      readonly kind: 'fetch'
      readonly wants: readonly string[]
      /** Nothing but the commits themselves is asked for, without what came before them. */
      readonly isShallow: boolean
    }

const largestRequest = 64 * 1024 ** 2

/** The body of a request, unpacked. @throws Error when it is broken */
export async function bodyOf(request: BuildRequest): Promise<Buffer> {
  const body = await request.body()
  const isPacked = /gzip/.test(request.headers['content-encoding'] ?? '')
  return isPacked ? gunzipSync(body, { maxOutputLength: largestRequest }) : body
}

/** @throws Error for what is no request of git's */
export function readCommand(body: Buffer): Command {
  const lines = readPackets(body)
  const valuesOf = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  if (lines[0] === 'command=ls-refs') {
    const has = (word: string) => lines.includes(word)
    return { kind: 'ls-refs', prefixes: valuesOf('ref-prefix'), withPeeled: has('peel'), withSymrefs: has('symrefs') }
  }
  if (lines[0]?.startsWith('command=') && lines[0] !== 'command=fetch')
    throw new Error(`git's ${lines[0]} is unknown here`)
  const wants = valuesOf('want').map((line) => line.split(' ')[0] ?? '')
  if (!wants.every((id) => objectId.test(id))) throw new Error('a request for what is no object of git')
  return { kind: 'fetch', wants: [...new Set(wants)], isShallow: lines.some((line) => line === 'deepen 1') }
}

/** SHA-1 or SHA-256. */
export const objectId = /^([0-9a-f]{40}|[0-9a-f]{64})$/
