import type { BuildRequest } from '../adapter.ts'
import { isInstaller, wantsIndex } from './pypi-client.ts'
import { fileNameOf, isProjectName, normaliseName, parseFileName, type FileName } from './pypi-name.ts'
import { normaliseVersion } from './pypi-version.ts'

/** What a request wants, as far as its shape tells. */
export type PypiRequest =
  /** `…/simple/` */
  | { readonly kind: 'root' }
  /** `…/simple/NAME/`; `isSurely` when the client is known to want an index: other services have such paths too. */
  | { readonly kind: 'project'; readonly name: string; readonly address: URL; readonly isSurely: boolean }
  /** A page of links, for `--find-links`. */
  | { readonly kind: 'links' }
  /** `…/pypi/NAME/json`, `…/pypi/NAME/VERSION/json`, and the simple page beside it. */
  | { readonly kind: 'release'; readonly name: string; readonly version?: string; readonly address: URL }
  /** `….whl.metadata`, of the wheel at `url`. */
  | { readonly kind: 'metadata'; readonly url: URL; readonly name: FileName }
  | { readonly kind: 'file'; readonly name: FileName }

/** Recognises a request by its path, on any host, or by what the client says of itself. */
export function readRequest({ method, url, headers }: BuildRequest): PypiRequest | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  return readFile(url) ?? readRelease(url) ?? readSimple(url, headers) ?? readOther(url, headers)
}

/** Where the pages of public and private indexes keep the files that need no page to be recognised. */
const storedSdist = /\/packages\/(?:[\da-f]{2}\/[\da-f]{2}\/[\da-f]{60}|source\/\w\/[^/]+|\w{1,20}\/\w\/[^/]+)\/[^/]+$/

function readFile(url: URL): PypiRequest | undefined {
  const file = fileNameOf(url)
  if (file.endsWith('.metadata')) {
    const wheel = new URL(url)
    wheel.pathname = url.pathname.slice(0, -'.metadata'.length)
    const name = parseFileName(file.slice(0, -'.metadata'.length))
    return name?.type === 'wheel' ? { kind: 'metadata', url: wheel, name } : undefined
  }
  const name = parseFileName(file)
  return name && (name.type === 'wheel' || storedSdist.test(url.pathname)) ? { kind: 'file', name } : undefined
}

function readRelease(url: URL): PypiRequest | undefined {
  const match = /^(.*)\/pypi\/([^/]+)(?:\/([^/]+))?\/json\/?$/.exec(url.pathname)
  const [, prefix = '', encoded = '', version] = match ?? []
  const name = nameOf(encoded)
  if (name === undefined) return undefined
  const address = new URL(`${prefix}/simple/${name}/`, url)
  return {
    kind: 'release',
    name,
    address,
    ...(version === undefined ? {} : { version: normaliseVersion(decode(version)) }),
  }
}

function readSimple(url: URL, headers: BuildRequest['headers']): PypiRequest | undefined {
  const match = /\/\+?simple(?:\/([^/]*))?\/?$/.exec(url.pathname)
  if (!match) return undefined
  const isSurely = wantsIndex(headers) || isInstaller(headers)
  if (!match[1]) return isSurely ? { kind: 'root' } : undefined
  const name = nameOf(match[1])
  return name === undefined ? undefined : { kind: 'project', name, address: url, isSurely }
}

/** Indexes at other paths, and pages of links. */
function readOther(url: URL, headers: BuildRequest['headers']): PypiRequest | undefined {
  if (!wantsIndex(headers)) return undefined
  const segment = url.pathname.split('/').findLast((part) => part !== '')
  if (segment === undefined || /\.html?$/i.test(segment)) return { kind: 'links' }
  const name = nameOf(segment)
  return name === undefined ? { kind: 'links' } : { kind: 'project', name, address: url, isSurely: true }
}

function nameOf(encoded: string): string | undefined {
  const name = decode(encoded)
  return isProjectName(name) ? normaliseName(name) : undefined
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
