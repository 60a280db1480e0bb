import { valid } from 'semver'

/**
 * What `go` asks of a module proxy, told by the shape of the path: proxies are at any host, and often below a path of it.
 * https://go.dev/ref/mod#goproxy-protocol
 */
export type GoRequest = ModuleRequest | ChecksumRequest

export type ModuleRequest =
  | { readonly kind: 'list'; readonly module: string }
  | { readonly kind: 'latest'; readonly module: string }
  | VersionRequest

export interface VersionRequest {
  readonly kind: 'info' | 'mod' | 'zip'
  readonly module: string
  /** May also be a branch, a tag or a part of a hash if `info` is asked for. */
  readonly version: string
}

/** For a checksum database, by its name, as such or by way of a proxy. */
export interface ChecksumRequest {
  readonly kind: 'checksums'
  readonly database: string
  readonly path: string
}

/** @returns undefined for what is no request of this protocol */
export function readGoRequest({ hostname, pathname }: URL): GoRequest | undefined {
  const path = decoded(pathname)
  if (path === undefined) return undefined
  return checksumsOf(hostname, path) ?? moduleOf(path)
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const throughProxy = /\/sumdb\/([^/]+(?:\/[^/]+)*?)\/(supported|latest|lookup\/.+|tile\/.+)$/
/** Without a proxy, the database is a host of its own. */
const atItsHost = /^\/(supported|lookup\/[^@]+\/[^@]+@v[^/]+|tile\/\d+\/(?:data|\d+)\/[\dx./p]+)$/

function checksumsOf(hostname: string, path: string): GoRequest | undefined {
  const [, database, inside] = throughProxy.exec(path) ?? []
  if (database !== undefined && inside !== undefined) return { kind: 'checksums', database, path: inside }
  const [, direct] = atItsHost.exec(path) ?? []
  return direct === undefined ? undefined : { kind: 'checksums', database: hostname, path: direct }
}

const shape = /^\/(.+)\/(?:@v\/(?:(list)|([^/]+)\.(info|mod|zip))|@(latest))$/

function moduleOf(path: string): GoRequest | undefined {
  const [, escaped = '', list, escapedVersion = '', file, latest] = shape.exec(path) ?? []
  const module = unescaped(withoutBase(escaped))
  if (module === undefined || !modulePattern.test(module)) return undefined
  if (list !== undefined) return { kind: 'list', module }
  if (latest !== undefined) return { kind: 'latest', module }
  const version = unescaped(escapedVersion)
  if (version === undefined || !/^[!-~]{1,500}$/.test(version)) return undefined
  if (file === 'info') return { kind: file, module, version }
  return (file === 'mod' || file === 'zip') && isVersion(version) ? { kind: file, module, version } : undefined
}

/** https://go.dev/ref/mod#go-mod-file-ident: the first element looks like a host, which tells it from a proxy's path. */
function withoutBase(path: string): string {
  const elements = path.split('/')
  return elements
    .slice(
      Math.max(
        0,
        elements.findIndex((element) => element.includes('.')),
      ),
    )
    .join('/')
}

const modulePattern = /^[\w~-]+(?:\.[\w~-]+)+(?:\/[\w.~+-]+)*$/

/** Capitals are written as `!` and the small letter, for file systems that do not tell them apart. */
function unescaped(text: string): string | undefined {
  const plain = text.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return /[A-Z]/.test(text) || plain.includes('!') ? undefined : plain
}

/** Whether it is written as modules' versions are: `v1.2.3`, `v2.0.0-rc.1`, `v4.0.0+incompatible`. */
export function isVersion(text: string): boolean {
  return text.startsWith('v') && valid(text) === text.slice(1).replace(/\+.*$/, '')
}

const pseudo = /^v\d+\.(?:0\.0-|\d+\.\d+-(?:[^+]*\.)?0\.)(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-[A-Za-z0-9]+(?:\+.*)?$/

/**
 * When the commit was made that a pseudo-version stands for, such as `v0.0.0-20191109021931-daa7c04131f5`.
 * @returns RFC 3339; undefined for all other versions
 */
export function timeOfPseudoVersion(version: string): string | undefined {
  const [, year, month, day, hour, minute, second] = pseudo.exec(version) ?? []
  return year === undefined ? undefined : `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

/** The toolchains that `go` fetches for itself are modules too, which have one version each. */
export function isToolchain({ name, version }: { readonly name: string; readonly version: string }): boolean {
  return name.endsWith('/toolchain') && version.startsWith('v0.0.1-go')
}
