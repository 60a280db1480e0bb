import { readStart } from '../../host/files.ts'

/**
 * Content types are told from the name and the content, while a build is recorded as while it is replayed: a lock has no
 * place for what the server said, and both must be the same.
 */

const byName: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  gz: 'application/gzip',
  html: 'text/html',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  tgz: 'application/gzip',
  txt: 'text/plain',
  wasm: 'application/wasm',
  xml: 'application/xml',
  zip: 'application/zip',
}

/** @param path Of the content. */
export async function contentTypeOf(url: URL, path: string): Promise<string> {
  const extension = /\.([a-z0-9]+)$/i.exec(url.pathname)?.[1]?.toLowerCase() ?? ''
  return byName[extension] ?? guess(await readStart(path, 512))
}

function guess(start: Buffer): string {
  const text = start.toString('utf8').trimStart().toLowerCase()
  // A character may be cut off at the end; one that is broken before it makes no text.
  if (start.includes(0) || text.slice(0, -1).includes('\ufffd')) return 'application/octet-stream'
  if (/^<(!doctype html|html|head|body)/.test(text)) return 'text/html'
  if (text.startsWith('<?xml')) return 'application/xml'
  return /^(\{\s*["}]|\[\s*["{[\d\]])/.test(text) ? 'application/json' : 'text/plain'
}
