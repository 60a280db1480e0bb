import type { TarEntry } from './tar.ts'

/** One entry of a layer: everything of it that the layer's digest depends on, and its content as a hash. */
export interface LayerEntry extends Omit<TarEntry, 'attributes' | 'device'> {
  /** Without a slash at either end. Whiteouts are named as OCI names them (image-spec, layer.md). */
  readonly path: string
  /** Extended attributes that mean something, `name=hex` a line; empty for none. */
  readonly attributes: string
  /** Of the content, in hexadecimal; for files. */
  readonly sha256?: string
  /** The first bytes of Python's byte-code, which say whether it is valid. */
  readonly head?: Buffer
}

/** Entries by path, in the order of the archive. */
export type LayerEntries = ReadonlyMap<string, LayerEntry>

export interface EntryDifference {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  /** What of a changed entry is not the same. */
  readonly aspects: readonly Aspect[]
  /** For people, such as `mode 644 became 755`. */
  readonly detail: string
}

export type Aspect = 'type' | 'content' | 'link' | 'mode' | 'owner' | 'time' | 'attributes'

/** How many bytes of byte-code are kept: its whole header (PEP 552). */
export const headBytes = 16

export function keepsHead(path: string): boolean {
  return path.endsWith('.pyc')
}

/** What is not as it was, by path. */
export function compareEntries(expected: LayerEntries, found: LayerEntries): EntryDifference[] {
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort()
  const differences = paths.flatMap((path) => {
    const [one, other] = [expected.get(path), found.get(path)]
    const difference = one && other ? compareEntry(one, other) : oneSided(path, one, other)
    return difference ? [difference] : []
  })
  return withoutEchoes(differences)
}

function oneSided(path: string, one: LayerEntry | undefined, other: LayerEntry | undefined): EntryDifference {
  const { type = 'file' } = one ?? other ?? {}
  const change = one ? 'removed' : 'added'
  return { path, change, aspects: [], detail: one ? `${words[type]} is gone` : `${words[type]} was added` }
}

const words: Readonly<Record<LayerEntry['type'], string>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symbolic link',
  hardlink: 'hard link',
  character: 'device',
  block: 'device',
  fifo: 'named pipe',
}

function compareEntry(one: LayerEntry, other: LayerEntry): EntryDifference | undefined {
  if (one.type !== other.type) {
    const detail = `${words[one.type]} became a ${words[other.type]}`
    return { path: one.path, change: 'changed', aspects: ['type'], detail }
  }
  const found: [Aspect, string][] = []
  if (one.sha256 !== other.sha256) found.push(['content', contentDetail(one, other)])
  if (one.linkTarget !== other.linkTarget)
    found.push(['link', `${one.linkTarget ?? ''} became ${other.linkTarget ?? ''}`])
  if (one.mode !== other.mode) found.push(['mode', `mode ${octal(one.mode)} became ${octal(other.mode)}`])
  const [was, is] = [one, other].map(({ uid, gid }) => `${uid}:${gid}`)
  if (was !== is) found.push(['owner', `owner ${was ?? ''} became ${is ?? ''}`])
  if (one.attributes !== other.attributes) found.push(['attributes', attributesDetail(one, other)])
  if (one.mtime !== other.mtime) found.push(['time', `time ${instant(one.mtime)} became ${instant(other.mtime)}`])
  if (found.length === 0) return undefined
  const detail = found.map(([, text]) => text).join(', ')
  return { path: one.path, change: 'changed', aspects: found.map(([aspect]) => aspect), detail }
}

function contentDetail(one: LayerEntry, other: LayerEntry): string {
  return one.size === other.size ? 'other content' : `other content, ${one.size} bytes became ${other.size}`
}

function attributesDetail(one: LayerEntry, other: LayerEntry): string {
  const names = `${one.attributes}\n${other.attributes}`.split('\n').flatMap((line) => line.split('=', 1))
  return `extended attributes ${[...new Set(names.filter((name) => name !== ''))].sort().join(', ')}`
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0')
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** A directory gets a new time whenever something in it comes or goes; what came or went is named already. */
function withoutEchoes(differences: EntryDifference[]): EntryDifference[] {
  const parents = new Set(differences.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/')))))
  return differences.filter(({ path, aspects }) => !(aspects.join() === 'time' && parents.has(path)))
}
