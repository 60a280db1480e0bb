import { createHash } from 'node:crypto'
import { withoutUserinfo } from '../../model/secret.ts'
import type { BuildRequest } from '../adapter.ts'

/** What a plain download is called in a lock. */

/** A URL as a lock has it: without credentials, and without what is never sent. */
export function lockedUrl(url: URL): string {
  const whole = new URL(url)
  whole.hash = ''
  return withoutUserinfo(whole.href)
}

/** Host and path, for a person to read; a query is shortened to a few digits, so that names stay unique. */
export function nameOf(url: URL): string {
  const query = url.search === '' ? '' : `?${createHash('sha256').update(url.search).digest('hex').slice(0, 8)}`
  return url.host + url.pathname + query
}

const number = /(?:^|[-_/@v])(\d+(?:\.\d+)+(?:[-+.~]?(?:alpha|beta|rc|pre)[.-]?\d*)?)(?=$|[-_/.+])/

/** A version, if the URL has one: in the name of the file, or else in a folder; empty otherwise. */
export function versionOf(url: URL): string {
  const folders = url.pathname.split('/')
  const found = [folders.pop() ?? '', ...folders.reverse()].map((part) => number.exec(part)?.[1])
  return found.find((version) => version !== undefined) ?? ''
}

/** Not passed on: conditions and parts, because what is locked is whole; what is between a client and its proxy. */
const kept = /^(if-.*|range|accept-encoding|cache-control|pragma|host|connection|content-.*|proxy-.*|te|upgrade.*)$/

/** What a client says besides the URL may decide what it gets: credentials, the type that it wants. */
export function headersOf({ headers }: BuildRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !kept.test(name)))
}

/** Registries that have no adapter, by the URLs that their clients ask for. */
const registries: readonly { readonly name: string; readonly client: RegExp; readonly path: RegExp }[] = [
  { name: 'Composer', client: /^Composer\//, path: /\/p2?\/[^/]+\/[^/]+\.json$|\/packages\.json$/ },
  { name: 'RubyGems', client: /^(Ruby, )?RubyGems\/|^bundler\//i, path: /\/(specs\.4\.8(\.gz)?|[^/]+\.gem)$/ },
  { name: 'Cargo', client: /^cargo[/ ]/, path: /\/crates\/[^/]+\/[^/]+\/download$|\.crate$/ },
  { name: 'Maven', client: /^(Apache-)?Maven|^Gradle\//, path: /\/maven-metadata\.xml$|\.pom$/ },
]

/** The ecosystem that a download is for, if it is one that a lock could know more of. */
export function registryOf({ url, headers }: BuildRequest): string | undefined {
  const agent = headers['user-agent'] ?? ''
  return registries.find(({ client, path }) => client.test(agent) || path.test(url.pathname))?.name
}
