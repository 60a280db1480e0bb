import type { BuildAnswer } from '../adapter.ts'
import { choosePageType, pageTypes } from './pypi-accept.ts'
import { newestVersion, versionsOf, type IndexFile } from './pypi-index.ts'
import { versionKey } from './pypi-version.ts'

/** Pages of a synthesised index: what a client gets while a build is recorded and while it is replayed. */

/** Clients keep pages; those of a recording must not be found in a replay. */
const headers = { 'cache-control': 'no-cache', vary: 'accept' }

/** The page of one project, written as the client likes it. @param accept The request's Accept header. */
export function projectPage(name: string, files: readonly IndexFile[], accept: string | undefined): BuildAnswer {
  const type = choosePageType(accept)
  const body = type === pageTypes.simpleJson ? jsonPage(name, files) : htmlPage(`Links for ${name}`, files.map(anchor))
  return { status: 200, headers: { ...headers, 'content-type': contentType(type) }, body }
}

/** A page of the files of many projects, for `--find-links`. */
export function linksPage(files: readonly IndexFile[]): BuildAnswer {
  const body = htmlPage('Links', files.map(anchor))
  return { status: 200, headers: { ...headers, 'content-type': contentType(pageTypes.html) }, body }
}

/** The page of all projects: `…/simple/`. @param address Where it is; the projects are below it. */
export function rootPage(names: readonly string[], address: URL, accept: string | undefined): BuildAnswer {
  const type = choosePageType(accept)
  const below = address.pathname.endsWith('/') ? address.pathname : `${address.pathname}/`
  const body =
    type === pageTypes.simpleJson
      ? JSON.stringify({ meta: { 'api-version': '1.0' }, projects: names.map((name) => ({ name })) })
      : htmlPage(
          'Simple index',
          names.map((name) => `<a href="${escape(`${below}${name}/`)}">${escape(name)}</a>`),
        )
  return { status: 200, headers: { ...headers, 'content-type': contentType(type) }, body }
}

/**
 * What the public index tells about a project, or one release of it, under `/pypi/NAME/json`; Poetry asks for it. No
 * requirements are given, which makes Poetry read them from the files.
 * @returns undefined when there is no such release
 */
export function releaseDocument(
  name: string,
  asked: string | undefined,
  files: readonly IndexFile[],
): BuildAnswer | undefined {
  // Poetry insists on a SHA-256 for each.
  const usable = files.filter(({ hashes }) => hashes['sha256'] !== undefined)
  const key = versionKey(asked ?? newestVersion(usable) ?? '')
  const urls = usable.filter((file) => versionKey(file.version) === key)
  const [first] = urls
  if (!first) return undefined
  const releases = versionsOf(usable).map((each) => [each, usable.filter((file) => file.version === each).map(release)])
  const info = {
    name,
    version: first.version,
    summary: '',
    requires_dist: null,
    requires_python: first.requiresPython ?? null,
    yanked: urls.every(({ yanked }) => yanked !== undefined),
    yanked_reason: typeof first.yanked === 'string' ? first.yanked : null,
  }
  const body = JSON.stringify({
    info,
    releases: Object.fromEntries(releases) as unknown,
    urls: urls.map(release),
    vulnerabilities: [],
  })
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body }
}

/** An answer in words. */
export function plainAnswer(status: number, text: string): BuildAnswer {
  return { status, headers: { ...headers, 'content-type': contentType('text/plain') }, body: `${text}\n` }
}

function contentType(type: string): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

function jsonPage(name: string, files: readonly IndexFile[]): string {
  // Version 1.1 promises the size of every file (PEP 700).
  const isComplete = files.every(({ size }) => size !== undefined)
  return JSON.stringify({
    meta: { 'api-version': isComplete ? '1.1' : '1.0' },
    name,
    versions: versionsOf(files),
    files: files.map((file) => ({
      filename: file.file,
      url: file.url,
      hashes: file.hashes,
      'requires-python': file.requiresPython ?? null,
      ...(file.size === undefined ? {} : { size: file.size }),
      ...(file.uploaded === undefined ? {} : { 'upload-time': file.uploaded }),
      yanked: file.yanked ?? false,
      ...(file.metadata ? { 'core-metadata': file.metadata, 'data-dist-info-metadata': file.metadata } : {}),
    })),
  })
}

function htmlPage(title: string, anchors: readonly string[]): string {
  return [
    '<!DOCTYPE html>',
    '<html>',
    `<head><meta name="pypi:repository-version" content="1.0"><title>${escape(title)}</title></head>`,
    '<body>',
    `<h1>${escape(title)}</h1>`,
    ...anchors.map((text) => `${text}<br/>`),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function anchor({ file, url, hashes, requiresPython, yanked, metadata }: IndexFile): string {
  const [algorithm, hash] = strongest(hashes) ?? []
  const promise = metadata && (metadata === true ? 'true' : (strongest(metadata)?.join('=') ?? 'true'))
  const attributes = {
    href: algorithm === undefined ? url : `${url}#${algorithm}=${hash ?? ''}`,
    ...(requiresPython === undefined ? {} : { 'data-requires-python': requiresPython }),
    ...(yanked === undefined ? {} : { 'data-yanked': yanked === true ? '' : yanked }),
    ...(promise === undefined ? {} : { 'data-dist-info-metadata': promise, 'data-core-metadata': promise }),
  }
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(value)}"`)
  return `<a${written.join('')}>${escape(file)}</a>`
}

/** A link has room for one hash. */
function strongest(hashes: Readonly<Record<string, string>>): [string, string] | undefined {
  return ['sha256', 'sha512', 'sha384', 'sha224', 'sha1', 'md5'].flatMap((name): [string, string][] => {
    const hash = hashes[name]
    return hash === undefined ? [] : [[name, hash]]
  })[0]
}

function release({ file, url, type, hashes, size, uploaded, requiresPython, yanked }: IndexFile): object {
  return {
    filename: file,
    packagetype: { wheel: 'bdist_wheel', sdist: 'sdist', egg: 'bdist_egg' }[type],
    url,
    digests: hashes,
    md5_digest: hashes['md5'] ?? null,
    size: size ?? null,
    upload_time_iso_8601: uploaded ?? null,
    requires_python: requiresPython ?? null,
    yanked: yanked !== undefined,
    yanked_reason: typeof yanked === 'string' ? yanked : null,
  }
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
