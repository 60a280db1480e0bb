import { z } from 'zod'
import type { Document } from '../adapter.ts'
import { readLinks, type Link } from './pypi-anchors.ts'
import type { IndexFile } from './pypi-index.ts'
import { fileNameOf, parseFileName } from './pypi-name.ts'

const hexadecimal = /^[\da-f]{16,256}$/i
const fragment = /^#(?:.*&)?(md5|sha1|sha224|sha256|sha384|sha512)=([\da-f]+)/i

const Hashes = z.record(z.string(), z.string())
const Metadata = z.union([z.boolean(), Hashes]).optional().catch(undefined)
const JsonFile = z.object({
  filename: z.string(),
  url: z.string(),
  hashes: Hashes.catch({}),
  'requires-python': z.string().optional().catch(undefined),
  size: z.int().nonnegative().optional().catch(undefined),
  'upload-time': z.string().optional().catch(undefined),
  yanked: z.union([z.boolean(), z.string()]).optional().catch(undefined),
  'core-metadata': Metadata,
  'data-dist-info-metadata': Metadata,
})
const JsonPage = z.object({ meta: z.object({ 'api-version': z.string() }), files: z.array(z.unknown()) })

/**
 * Reads a page of a simple repository: JSON (PEP 691) or HTML (PEP 503). Files that no client could use are left out.
 * @param project The normalised name of the project that the page is about; undefined for a page of mixed links.
 * @param isSurely Whether the client is known to ask for an index; else a page has to look like one.
 * @returns undefined when it is not such a page
 * @throws Error for one that is, but cannot be understood
 */
export function readPage(document: Document, project: string | undefined, isSurely: boolean): IndexFile[] | undefined {
  const type = (document.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/vnd.pypi.simple.v1+json') return readJson(document, project)
  if (type !== 'text/html' && type !== 'application/vnd.pypi.simple.v1+html') return undefined
  const page = readLinks(document.body.toString('utf8'), document.url)
  const files = page.links.flatMap((link) => fileOfLink(link, project))
  return files.length > 0 || page.isRepository || isSurely ? files : undefined
}

function readJson({ body, url }: Document, project: string | undefined): IndexFile[] {
  const page = JsonPage.safeParse(parseJson(body.toString('utf8')))
  if (!page.success)
    throw new Error(`${url.host} sent an index page for ${project ?? 'packages'} that is not valid JSON`)
  const version = page.data.meta['api-version']
  if (!version.startsWith('1.')) throw new Error(`${url.host} speaks version ${version} of the simple API, berth 1`)
  return page.data.files.flatMap((file) => fileOfJson(file, url, project))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fileOfJson(value: unknown, page: URL, project: string | undefined): IndexFile[] {
  const { data } = JsonFile.safeParse(value)
  const url = data && URL.parse(data.url, page.href)
  const name = data && parseFileName(data.filename, project)
  if (!name || (url?.protocol !== 'https:' && url?.protocol !== 'http:')) return []
  url.hash = ''
  const metadata = metadataOf(data['core-metadata'] ?? data['data-dist-info-metadata'])
  return [
    {
      ...name,
      file: data.filename,
      url: url.href,
      hashes: cleanHashes(data.hashes),
      ...(data['requires-python'] ? { requiresPython: data['requires-python'] } : {}),
      ...(data.size === undefined ? {} : { size: data.size }),
      ...(data['upload-time'] === undefined ? {} : { uploaded: data['upload-time'] }),
      ...(data.yanked === undefined || data.yanked === false ? {} : { yanked: data.yanked || true }),
      ...(metadata ? { metadata } : {}),
    },
  ]
}

function fileOfLink({ url, attributes }: Link, project: string | undefined): IndexFile[] {
  const file = fileNameOf(url)
  const name = parseFileName(file, project)
  if (!name) return []
  const [, algorithm, hash] = fragment.exec(url.hash) ?? []
  const metadata = metadataOf(attributes.get('data-core-metadata') ?? attributes.get('data-dist-info-metadata'))
  const requiresPython = attributes.get('data-requires-python')
  const uploaded = attributes.get('data-upload-time')
  const yanked = attributes.get('data-yanked')
  const plain = new URL(url)
  plain.hash = ''
  return [
    {
      ...name,
      file,
      url: plain.href,
      hashes: algorithm && hash ? cleanHashes({ [algorithm]: hash }) : {},
      ...(requiresPython ? { requiresPython } : {}),
      ...(uploaded ? { uploaded } : {}),
      ...(yanked === undefined ? {} : { yanked: yanked || true }),
      ...(metadata ? { metadata } : {}),
    },
  ]
}

/** In HTML it is `true` or `sha256=…`, in JSON also an object; what is unclear promises nothing. */
function metadataOf(value: string | boolean | Record<string, string> | undefined): IndexFile['metadata'] {
  if (value === true || value === 'true') return true
  if (typeof value === 'object') return cleanHashes(value)
  const [, algorithm, hash] = (typeof value === 'string' && fragment.exec(`#${value}`)) || []
  return algorithm && hash ? cleanHashes({ [algorithm]: hash }) : undefined
}

function cleanHashes(hashes: Readonly<Record<string, string>>): Record<string, string> {
  const clean = Object.entries(hashes).filter(([name, hash]) => /^\w{1,20}$/.test(name) && hexadecimal.test(hash))
  return Object.fromEntries(clean.map(([name, hash]) => [name.toLowerCase(), hash.toLowerCase()]))
}
