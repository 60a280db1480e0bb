import { posix } from 'node:path'
import { archiveHostile, archiveTooLarge } from '../../model/problems/retrieve.ts'

/** What an archive may contain: decided on names and headers alone, before anything is written. */

export const limits = { bytes: 2 * 1024 ** 3, entries: 200_000, pathBytes: 4000 } as const

export interface EntryHeader {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly mode: number
  readonly linkname?: string | null | undefined
}

export type SafeEntry =
  | { kind: 'directory'; path: string }
  | { kind: 'file'; path: string; executable: boolean; size: number }
  | { kind: 'link'; path: string; target: string }

/** Judges the entries of one archive, in their order. */
export class EntryRules {
  readonly #links = new Set<string>()
  readonly #seen = new Set<string>()
  #bytes = 0

  /**
   * @returns undefined for what is left out without harm (the tree's own root, PAX headers)
   * @throws archiveHostile, archiveTooLarge
   */
  check(header: EntryHeader): SafeEntry | undefined {
    if (header.type === 'pax-global-header') return undefined
    const path = safePath(header.name)
    if (path === '.') return undefined
    this.#count(path, header)
    for (const parent of parentsOf(path)) {
      if (this.#links.has(parent))
        throw archiveHostile({ entry: shown(header.name), why: 'leads through a symbolic link' })
    }
    switch (header.type) {
      case 'directory':
        return { kind: 'directory', path }
      case 'file':
      case 'contiguous-file':
        return { kind: 'file', path, executable: (header.mode & 0o100) !== 0, size: header.size }
      case 'symlink':
        this.#links.add(path)
        return { kind: 'link', path, target: safeTarget(path, header.linkname ?? '') }
      default:
        throw archiveHostile({ entry: shown(header.name), why: `is a ${header.type}, which no source tree needs` })
    }
  }

  #count(path: string, { name, type, size }: EntryHeader): void {
    if (type !== 'directory' && this.#seen.has(path))
      throw archiveHostile({ entry: shown(name), why: 'is there twice' })
    if (this.#seen.has(path) && this.#links.has(path))
      throw archiveHostile({ entry: shown(name), why: 'is there twice' })
    this.#seen.add(path)
    this.#bytes += size
    if (this.#seen.size > limits.entries) throw archiveTooLarge({ what: `more than ${limits.entries} entries` })
    if (this.#bytes > limits.bytes) throw archiveTooLarge({ what: 'more than 2 GiB' })
  }
}

function safePath(name: string): string {
  const refuse = (why: string) => archiveHostile({ entry: shown(name), why })
  if (name === '' || name.includes('\0')) throw refuse('has no proper name')
  if (name.startsWith('/')) throw refuse('has an absolute path')
  if (name.split('/').includes('..')) throw refuse('has `..` in its path')
  if (Buffer.byteLength(name) > limits.pathBytes) throw refuse('has too long a path')
  return posix.normalize(name).replace(/\/$/, '')
}

/** A link may point anywhere inside the tree, and nowhere else: also not by way of the folder above and back. */
function safeTarget(path: string, target: string): string {
  const refuse = (why: string) => archiveHostile({ entry: shown(path), why })
  if (target === '' || target.includes('\0')) throw refuse('is a link to nothing')
  if (target.startsWith('/')) throw refuse(`is a link to the absolute path \`${shown(target)}\``)
  let depth = path.split('/').length - 1
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1
    else if (part !== '' && part !== '.') depth += 1
    if (depth < 0) throw refuse(`is a link that leads out of the tree (\`${shown(target)}\`)`)
  }
  return target
}

function parentsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** A name out of a hostile archive, made safe for a terminal and a log. */
function shown(name: string): string {
  const safe = name.replaceAll(/\p{Cc}/gu, '?')
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe
}
