/** Debian's control files (deb822(5)): stanzas of fields, of which continuation lines begin with a space. */

export interface Checksums {
  readonly size: number
  readonly sha256?: string
  readonly sha512?: string
}

/** What a `Release` file promises: the files of a suite, by path. */
export interface Release {
  readonly date: Date | undefined
  readonly files: ReadonlyMap<string, Checksums>
}

export function parseRelease(text: string): Release {
  const files = new Map<string, Checksums>()
  let algorithm: 'sha256' | 'sha512' | undefined
  for (const line of text.split('\n')) {
    const entry = /^ +([0-9a-f]+) +([0-9]+) +(\S+)\s*$/.exec(line)
    if (!entry) {
      if (!line.startsWith(' '))
        algorithm = /^SHA256:/i.test(line) ? 'sha256' : /^SHA512:/i.test(line) ? 'sha512' : undefined
      continue
    }
    const [, hash = '', size = '', path = ''] = entry
    if (algorithm) files.set(path, { ...files.get(path), size: Number(size), [algorithm]: hash })
  }
  const date = new Date(field(text, 'Date') ?? '')
  return { date: Number.isNaN(date.getTime()) ? undefined : date, files }
}

/** The first line of a field; undefined when there is none. */
export function field(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*?)\\s*$`, 'im').exec(stanza)?.[1]
}

/** A package as an index lists it. */
export interface ListedPackage {
  readonly name: string
  readonly version: string
  readonly fileName: string
  readonly size: number
  readonly sha256: string
  /** Also of the archive: it overrides what a package says of itself, and apt orders its work by it. */
  readonly priority: string
}

/** Beginning of a tag that keeps an archive's priority in a lock; `optional`, which most are, is left out. */
export const priorityTag = 'priority:'

export function isUsual(priority: string): boolean {
  return priority === 'optional' || priority === 'extra'
}

const largestStanza = 4 * 1024 ** 2

/**
 * Reads an index `Packages`, whatever its size. Stanzas without a file or its SHA-256 are left out.
 * @throws Error for what is no such index
 */
export async function* readPackages(chunks: AsyncIterable<Buffer>): AsyncGenerator<ListedPackage> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const end = rest.lastIndexOf('\n\n')
    if (end < 0 && rest.length > largestStanza) throw new Error('an index of packages has an entry without an end')
    if (end < 0) continue
    yield* listed(rest.slice(0, end))
    rest = rest.slice(end + 1)
  }
  yield* listed(rest + decoder.decode())
}

function* listed(text: string): Generator<ListedPackage> {
  for (const stanza of text.split(/\n{2,}/)) {
    const [name, version, fileName] = [field(stanza, 'Package'), field(stanza, 'Version'), field(stanza, 'Filename')]
    const [size, sha256] = [field(stanza, 'Size'), field(stanza, 'SHA256')]
    if (!name || !version || !fileName || !sha256) continue
    const priority = field(stanza, 'Priority') ?? 'optional'
    yield { name, version, fileName, size: Number(size), sha256: sha256.toLowerCase(), priority }
  }
}

/** What the archive says of a package, and the package must not say of itself. */
const fieldsOfTheArchive = /^(Filename|Priority|Size|MD5sum|SHA1|SHA256|SHA512|Status|Conffiles):/i

/** A package's own control file as an entry of an index. */
export function indexEntry(control: string, archive: Readonly<Record<string, string | number>>): string {
  const kept: string[] = []
  let isKept = true
  const [stanza = ''] = control.trim().split(/\n\s*\n/)
  for (const line of stanza.split('\n')) {
    if (!/^\s/.test(line)) isKept = !fieldsOfTheArchive.test(line)
    if (isKept) kept.push(line)
  }
  return [...kept, ...Object.entries(archive).map(([name, value]) => `${name}: ${value}`), ''].join('\n')
}
