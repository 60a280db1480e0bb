import type { Artifact } from '../../model/lock.ts'
import { flush, packet } from './git-packet.ts'
import { objectId, type Command } from './git-request.ts'

/** Names of a repository, what they stand for, and how a server tells them. */

export interface Refs {
  /** Object ids by name; `HEAD`, branches and tags. */
  readonly ids: ReadonlyMap<string, string>
  /** Commits of those tags that are objects of their own. */
  readonly peeled: ReadonlyMap<string, string>
  /** The branch that `HEAD` is. */
  readonly head: string | undefined
}

/** Reads `git ls-remote --symref`. */
export function parseRemote(text: string): Refs {
  const [ids, peeled] = [new Map<string, string>(), new Map<string, string>()]
  let head: string | undefined
  for (const line of text.split('\n')) {
    const [id = '', name = ''] = line.split('\t')
    if (id.startsWith('ref: ')) head = name === 'HEAD' ? id.slice('ref: '.length) : head
    else if (name.endsWith('^{}')) peeled.set(name.slice(0, -3), id)
    else if (isRef(name)) ids.set(name, id)
  }
  return { ids, peeled, head }
}

function isRef(name: string): boolean {
  return name === 'HEAD' || /^refs\/(heads|tags)\/[^\s:]+$/.test(name)
}

/**
 * Names as tags of an artifact: `refs/tags/v1` stands for its commit, `refs/heads/next=ID` for another one, `=ID` is one
 * without a name. `HEAD:refs/heads/main` tells which branch `HEAD` is.
 */
export function tagsFor({ ids, head }: Refs, present: ReadonlySet<string>, version: string): string[] {
  const nameless = new Set(present)
  const tags = [...ids].flatMap(([name, id]) => {
    if (!present.has(id)) return []
    nameless.delete(id)
    const label = name === 'HEAD' && head !== undefined ? `HEAD:${head}` : name
    return [id === version ? label : `${label}=${id}`]
  })
  nameless.delete(version)
  return [...tags, ...[...nameless].map((id) => `=${id}`)].sort()
}

/** The names in artifacts, and every object that they pin. */
export function readTags(artifacts: readonly Artifact[]): { refs: Refs; pinned: ReadonlySet<string> } {
  const ids = new Map<string, string>()
  const pinned = new Set<string>()
  let head: string | undefined
  for (const artifact of artifacts) {
    const version = commitOf(artifact)
    if (!objectId.test(version)) continue
    pinned.add(version)
    for (const tag of artifact.tags ?? []) {
      const [, label = '', id = version] = /^(.*?)(?:=([0-9a-f]{40}|[0-9a-f]{64}))?$/.exec(tag) ?? []
      const [name = '', target] = label.split(':')
      pinned.add(id)
      if (name === 'HEAD') head = target ?? head
      if (isRef(name)) ids.set(name, id)
    }
  }
  return { refs: { ids, peeled: new Map(), head }, pinned }
}

/** `ID^!` is git's own way to write a commit without those before it (gitrevisions(7)). */
export const alone = '^!'

export function commitOf({ version }: Artifact): string {
  return version.replace(alone, '')
}

/** What any version of git's own server can do, in the words of protocol 0. */
const abilities =
  'multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress ' +
  'include-tag multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter'

/** The first answer to a client (gitprotocol-http(5), "Smart Server Response"; gitprotocol-v2(5)). */
export function advertise(refs: Refs, protocol: 0 | 2): Buffer {
  const service = [packet('# service=git-upload-pack\n'), flush]
  const format = `object-format=${[...refs.ids.values()][0]?.length === 64 ? 'sha256' : 'sha1'}`
  if (protocol === 2) {
    const lines = ['version 2', 'agent=git/berth', 'ls-refs', 'fetch=shallow filter', format]
    return Buffer.concat([...service, ...lines.map((line) => packet(`${line}\n`)), flush])
  }
  const symref = refs.head === undefined ? '' : ` symref=HEAD:${refs.head}`
  const lines = sorted(refs).flatMap(([name, id]) => {
    const peeled = refs.peeled.get(name)
    return [`${id} ${name}`, ...(peeled === undefined ? [] : [`${peeled} ${name}^{}`])]
  })
  const [first = `${'0'.repeat(40)} capabilities^{}`, ...rest] = lines
  const all = [`${first}\0${abilities}${symref} ${format} agent=git/berth`, ...rest]
  return Buffer.concat([...service, ...all.map((line) => packet(`${line}\n`)), flush])
}

/** The answer to `ls-refs` (gitprotocol-v2(5)). */
export function listRefs(
  refs: Refs,
  { prefixes, withPeeled, withSymrefs }: Extract<Command, { kind: 'ls-refs' }>,
): Buffer {
  const lines = sorted(refs).flatMap(([name, id]) => {
    if (prefixes.length > 0 && !prefixes.some((prefix) => name.startsWith(prefix))) return []
    const symref = withSymrefs && name === 'HEAD' && refs.head !== undefined ? ` symref-target:${refs.head}` : ''
    const peeled = withPeeled ? refs.peeled.get(name) : undefined
    return [packet(`${id} ${name}${symref}${peeled === undefined ? '' : ` peeled:${peeled}`}\n`)]
  })
  return Buffer.concat([...lines, flush])
}

/** `HEAD` comes first, as git has it. */
function sorted({ ids }: Refs): [string, string][] {
  return [...ids].sort(([one], [other]) => (one < other ? -1 : 1))
}
