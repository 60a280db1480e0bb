import { joinPath } from './paths.ts'
import type { GitSource } from './action.ts'
import { TextFault } from './text-fault.ts'

/** What a URL of a repository says; options that it does not have are left out. */
export interface GitReference {
  readonly remote: string
  readonly ref?: string
  readonly directory?: string
  readonly checksum?: string
  readonly keepGitDir?: boolean
  readonly submodules?: boolean
}

const switches = ['keep-git-dir', 'submodules', 'fetch-by-commit']
const others = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'mtime']

/**
 * Reads a source of `ADD` that is a git repository: `git@host:path`, `ssh://…`, `git://…`, or `http(s)://….git`; with
 * `#ref:directory`, or with options such as `?branch=main&subdir=docs`.
 * @returns undefined for every other source.
 * @throws TextFault for options that are unknown or contradict each other.
 */
export function parseGitSource(source: string): GitReference | undefined {
  const parts = splitRemote(source)
  if (!parts) return undefined
  const [fragmentRef, fragmentDirectory] = splitAt(parts.fragment, ':')
  const query = readQuery(parts.query)
  const ref = agreed('ref', fragmentRef, readRef(query))
  const directory = agreed('subdir', joinPath('/', fragmentDirectory).slice(1), query.get('subdir') ?? '')
  const checksum = agreed('checksum', query.get('checksum') ?? '', query.get('commit') ?? '')
  const keepGitDir = truth(query.get('keep-git-dir'))
  const submodules = truth(query.get('submodules'))
  return {
    remote: parts.remote,
    ...(ref !== '' && { ref }),
    ...(directory !== '' && { directory }),
    ...(checksum !== '' && { checksum }),
    ...(keepGitDir !== undefined && { keepGitDir }),
    ...(submodules !== undefined && { submodules }),
  }
}

/** Joins what the URL and the flags of `ADD` say. */
export function gitSource(
  reference: GitReference,
  flags: { readonly checksum?: string; readonly keepGitDir?: boolean },
): GitSource {
  const { keepGitDir } = reference
  if (keepGitDir !== undefined && flags.keepGitDir !== undefined && keepGitDir !== flags.keepGitDir) {
    throw fault('the URL and `--keep-git-dir` contradict each other', 'Remove one of them')
  }
  const checksum = agreed('checksum', reference.checksum ?? '', flags.checksum ?? '')
  return {
    ...reference,
    kind: 'git',
    ...(checksum !== '' && { checksum }),
    keepGitDir: keepGitDir ?? flags.keepGitDir ?? false,
    submodules: reference.submodules ?? true,
  }
}

interface Remote {
  readonly remote: string
  readonly query: string
  readonly fragment: string
}

function splitRemote(source: string): Remote | undefined {
  const scp = /^([\w-]+@[a-zA-Z0-9\-.]+:[^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(source)
  if (scp) return { remote: scp[1] ?? '', query: scp[2] ?? '', fragment: scp[3] ?? '' }
  const url = /^(https?|ssh|git):\/\/([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(source)
  const [, scheme = '', rest = '', query = '', fragment = ''] = url ?? []
  if (!url || (/^http/i.test(scheme) && !rest.endsWith('.git'))) return undefined
  return { remote: `${scheme}://${rest}`, query, fragment }
}

function readQuery(text: string): Map<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (!switches.includes(name) && !others.includes(name)) {
      throw fault(`the URL of a repository has no option \`${name}\``, `Use ${[...others, ...switches].join(', ')}`)
    }
    if (query.has(name)) throw fault(`the option \`${name}\` is there twice`, 'Remove one of them')
    if (value === '' && !switches.includes(name)) {
      throw fault(`the option \`${name}\` has no value`, `Write \`${name}=…\``)
    }
    query.set(name, value)
  }
  return query
}

function readRef(query: ReadonlyMap<string, string>): string {
  const tag = prefixed('refs/tags/', query.get('tag'))
  const branch = prefixed('refs/heads/', query.get('branch'))
  return agreed('ref', agreed('ref', query.get('ref') ?? '', tag), branch)
}

function prefixed(prefix: string, name = ''): string {
  return name === '' || name.startsWith(prefix) ? name : prefix + name
}

function truth(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (/^(|1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw fault(`\`${text}\` is neither true nor false`, 'Write true or false')
}

function agreed(name: string, one: string, other: string): string {
  if (one === '' || other === '' || one === other) return one || other
  throw fault(`two values contradict each other for \`${name}\`: ${one}, ${other}`, 'Remove one of them')
}

function splitAt(text: string, separator: string): [string, string] {
  const end = text.indexOf(separator)
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)]
}

function fault(message: string, fix: string): TextFault {
  return new TextFault('value', { message, fix })
}
