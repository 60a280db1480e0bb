import { valid } from 'semver'
import type { BuildRequest } from '../adapter.ts'

/**
 * What npm's clients ask of a registry, told by the shape of the request: registries are at any host, and often below a
 * path of it. https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
 */

/** A path as the name of a package, or as one and a version or dist-tag of it. */
export interface Reading {
  readonly name: string
  readonly version?: string
}

export type NpmRequest =
  | { readonly kind: 'service'; readonly path: string }
  | ({ readonly kind: 'tarball' } & Required<Reading>)
  | {
      readonly kind: 'document'
      /** Whose `version` is set where the path can only mean that; otherwise the likelier comes first. */
      readonly readings: readonly Reading[]
      /** Nobody but a client of npm asks like this; otherwise only the answer can tell. */
      readonly isCertain: boolean
      readonly isAbbreviated: boolean
    }

export const abbreviatedType = 'application/vnd.npm.install-v1+json'

/** @returns undefined for what is none of npm's, or a download whose name says nothing. */
export function readNpmRequest({ method, url, headers }: BuildRequest): NpmRequest | undefined {
  const segments = segmentsOf(url)
  if (!segments) return undefined
  const service = serviceOf(segments)
  if (service !== undefined) return { kind: 'service', path: service }
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const tarball = tarballOf(segments)
  if (tarball) return { kind: 'tarball', ...tarball }
  if (headers['pacote-req-type'] === 'tarball') return undefined
  const readings = readingsOf(segments)
  const accept = headers['accept'] ?? ''
  const isAbbreviated = accept.includes(abbreviatedType)
  const isCertain = isAbbreviated || asksForPackument(headers, accept)
  if (readings.length === 0 || !(isCertain || mayBeForPackument(segments, headers))) return undefined
  return { kind: 'document', readings, isCertain, isAbbreviated }
}

/** One key for all the ways to write a URL: with credentials, and `@scope%2fname` for `@scope/name`. */
export function urlKey(url: URL): string {
  return `${url.origin}/${(segmentsOf(url) ?? [url.pathname]).join('/')}${url.search}`
}

/** Where the document of a whole package is, given the URL of one version of it. */
export function packumentUrl(url: URL): URL {
  return new URL(url.origin + url.pathname.replace(/\/[^/]*$/, ''))
}

/** What a URL of a tarball says itself, if it is where registries usually have them. */
export function readTarballUrl(url: URL): Required<Reading> | undefined {
  const segments = segmentsOf(url)
  return segments && tarballOf(segments)
}

function segmentsOf({ pathname }: URL): string[] | undefined {
  try {
    return decodeURIComponent(pathname).slice(1).split('/')
  } catch {
    return undefined
  }
}

const services = /^(?:npm\/v1\/.+|v1\/search|ping|whoami|package\/.+\/dist-tags(?:\/.*)?)$/

function serviceOf(segments: readonly string[]): string | undefined {
  const dash = segments.indexOf('-')
  const path = segments.slice(dash + 1).join('/')
  return dash >= 0 && services.test(path) ? path : undefined
}

/** `NAME/-/FILE.tgz`, where some registries write the scope before the file as well. */
function tarballOf(segments: readonly string[]): Required<Reading> | undefined {
  const dash = segments.lastIndexOf('-')
  const name = dash > 0 ? nameBefore(segments, dash) : undefined
  const file = segments.slice(dash + 1)
  const fits = file.length === 1 || (file.length === 2 && file[0]?.startsWith('@') === true)
  if (name === undefined || !fits) return undefined
  const start = `${name.slice(name.indexOf('/') + 1)}-`
  const last = file.at(-1) ?? ''
  const version = last.startsWith(start) && last.endsWith('.tgz') ? last.slice(start.length, -'.tgz'.length) : ''
  return valid(version, { loose: true }) === null ? undefined : { name, version }
}

/** A name is what a path can hold without escapes (npm's rule for new names, and capitals, which old ones have). */
const namePattern = /^[A-Za-z0-9_~!'()*][\w.~!'()*-]*$/

function nameBefore(segments: readonly string[], end: number): string | undefined {
  const last = segments[end - 1] ?? ''
  const scope = segments[end - 2] ?? ''
  if (!namePattern.test(last) || last.length > 214) return undefined
  return scope.startsWith('@') && namePattern.test(scope.slice(1)) ? `${scope}/${last}` : last
}

function readingsOf(segments: readonly string[]): Reading[] {
  if (segments.includes('-')) return []
  const version = segments.at(-1) ?? ''
  const whole = nameBefore(segments, segments.length)
  const part = whole?.startsWith('@') === true ? undefined : nameBefore(segments, segments.length - 1)
  const readings: Reading[] = []
  if (whole !== undefined && valid(version) === null) readings.push({ name: whole })
  if (part !== undefined && version !== '') readings.push({ name: part, version })
  return readings
}

function asksForPackument(headers: Readonly<Record<string, string>>, accept: string): boolean {
  const type = headers['pacote-req-type']
  if (type !== undefined) return type === 'packument' || type === 'manifest'
  const isClient = /\b(?:npm|pnpm|yarn|bun)\/\d/i.test(headers['user-agent'] ?? '') || 'npm-command' in headers
  return isClient && accept.includes('application/json')
}

/** Others may want a package's document too; asking for a path at the root costs little. */
function mayBeForPackument(segments: readonly string[], headers: Readonly<Record<string, string>>): boolean {
  const { accept, 'user-agent': agent = '' } = headers
  // Yarn 2 and later say nothing but what library they ask with.
  const wantsJson = accept === undefined ? agent.startsWith('got (') : accept.includes('application/json')
  return wantsJson && nameBefore(segments, segments.length) === segments.join('/')
}
