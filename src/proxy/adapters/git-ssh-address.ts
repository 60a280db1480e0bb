import { sshAddressRefused } from '../../model/problems/git-ssh.ts'

/**
 * Addresses of repositories over ssh. A build has nothing but an HTTP proxy: its git is told to ask names that can be none
 * (RFC 6761, 6.4) for `ssh://…` and `git@…`, and what it asks there is understood here.
 */
export interface SshAddress {
  /** As a lock has it: `ssh://git@example.org:2222/a.git`, or with `/~/` before a path from the user's home. */
  readonly url: string
  readonly user: string
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** As the server gets it. */
  readonly path: string
}

/** What `ssh://` becomes: the rest of the address follows. */
export const sshGate = 'http://ssh.berth.invalid/'
/** What `git@` becomes, the user of nearly every address without a scheme; others are for `git-client.ts`. */
export const scpGate = 'http://scp.berth.invalid/git@'

/** The address that a request of git means; undefined for one over HTTP. @throws sshAddressRefused */
export function sshAddressBehind({ host, pathname }: Pick<URL, 'host' | 'pathname'>): SshAddress | undefined {
  const isUrl = sshGate === `http://${host}/`
  if (!isUrl && !scpGate.startsWith(`http://${host}/`)) return undefined
  const rest = pathname.slice(1)
  return readSshAddress(isUrl ? `ssh://${rest}` : decoded(rest))
}

/**
 * Reads `ssh://user@host:port/path` and `user@host:path` (git-fetch(1), "GIT URLS").
 * @throws sshAddressRefused
 */
export function readSshAddress(text: string): SshAddress {
  const scp = /^([^/@]*)@(\[[^\]]*\]|[^:/]*):(.*)$/s.exec(text)
  const isUrl = /^ssh:\/\//i.test(text)
  const [, user = '', host = '', port = '22', path = ''] = isUrl
    ? (/^(?:([^/@]*)@)?(\[[^\]]*\]|[^:/]*)(?::([^/]*))?(\/.*)?$/s.exec(decoded(text.slice('ssh://'.length))) ?? [])
    : ['', scp?.[1], scp?.[2], '22', fromRoot(scp?.[3] ?? '')]
  const why = faultOf({ user, host, port, path })
  if (why !== undefined) throw sshAddressRefused({ address: shown(text), why })
  const place = port === '22' ? host : `${host}:${Number(port)}`
  return {
    url: `ssh://${user}@${place}${encoded(path)}`,
    ...{ user, host: host.replace(/^\[|\]$/g, ''), port: Number(port), path: atServer(path) },
  }
}

/** An address that a build was given to ask for, as its author knows it. */
export function readableAddress(href: string): string {
  return href.replace(scpGate, 'ssh://git@').replace(sshGate, 'ssh://')
}

function faultOf({ user, host, port, path }: Record<'user' | 'host' | 'port' | 'path', string>): string | undefined {
  if (user === '') return 'it names no user'
  if (user.includes(':')) return 'a password does not belong there'
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(user)) return 'that cannot be a user'
  if (!/^([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])$/.test(host)) return 'that cannot be a host'
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return 'that cannot be a port'
  if (/\p{Cc}/u.test(path)) return 'its path holds control characters'
  if (atServer(path).startsWith('-')) return 'its path begins with `-`'
  return /^\/./.test(path) ? undefined : 'it names no repository'
}

/** The path of a URL: what is not absolute begins in the user's home. */
function fromRoot(path: string): string {
  if (path === '' || path.startsWith('/')) return path
  return path.startsWith('~') ? `/${path}` : `/~/${path}`
}

/** Servers without homes know paths that begin nowhere, and no `~`. */
function atServer(path: string): string {
  if (path.startsWith('/~/')) return path.slice('/~/'.length)
  return path.startsWith('/~') ? path.slice(1) : path
}

function encoded(path: string): string {
  return encodeURI(path).replaceAll(/[?#]/g, (character) => (character === '?' ? '%3F' : '%23'))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw sshAddressRefused({ address: shown(text), why: 'it is not encoded as a URL' })
  }
}

const longestShown = 200

/** For a message: on one line, without a password. */
function shown(text: string): string {
  const line = text.replaceAll(/\p{Cc}/gu, '?').replace(/^((?:ssh:\/\/)?[^/@:]*):[^/@]*@/, '$1@')
  return line.length > longestShown ? `${line.slice(0, longestShown)}…` : line
}
