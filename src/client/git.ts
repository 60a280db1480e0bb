import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCommand } from '../host/command-pipe.ts'
import { CommandFailed, fixedEnvironment, runCommand, type CommandResult } from '../host/command.ts'
import { mkdtemp, removeTree, writeFile } from '../host/files.ts'
import { gitAddressUnusable, gitTagMissing, gitTagUnknown, gitUnreachable } from '../model/problems/client.ts'
import { nearest } from '../model/nearest.ts'
import { withoutUserinfo } from '../model/secret.ts'
import { readObjects } from './git-objects.ts'
import { byPathBytes, type TreeEntry } from './list-folder.ts'
import { packTree } from './pack.ts'

/** A repository at a tag. The tree is read from git's objects: no checkout, so no hook and no filter runs. */
export interface GitTree {
  readonly commit: string
  readonly tar: AsyncIterable<Buffer>
  /** Paths of submodules, which are left out. */
  readonly submodules: readonly string[]
  /** Removes what was fetched. */
  close(): Promise<void>
}

export interface GitAddress {
  readonly url: string
  readonly tag: string | undefined
}

/** Fetches the commit that a tag names, and nothing else. */
export async function fetchTag({ url, tag }: GitAddress, environment: NodeJS.ProcessEnv): Promise<GitTree> {
  const address = withoutUserinfo(url)
  if (!isUsable(url)) throw gitAddressUnusable({ address })
  const workspace = await mkdtemp(join(tmpdir(), 'berth-git-'))
  try {
    const git = await gitIn(workspace, environment, address)
    const tags = await listTags(git, url)
    if (tag === undefined) throw gitTagMissing({ address, tags: tags.slice(-10) })
    if (!tags.includes(tag)) throw gitTagUnknown({ address, tag, tags: tagsToOffer(tag, tags) })
    await git.run('init', '--quiet', '--bare', '--template=', workspace)
    await git.run('fetch', '--quiet', '--depth=1', '--no-tags', '--', url, `refs/tags/${tag}:refs/tags/${tag}`)
    return await readTree(git, tag, () => removeTree(workspace))
  } catch (error) {
    await removeTree(workspace)
    throw error
  }
}

/** `scheme://`, `user@host:path` or a path; nothing that git would take for an option or a transport helper (`ext::`). */
function isUsable(url: string): boolean {
  if (/[\0-\x20\x7f]/.test(url) || url.startsWith('-') || url.includes('::')) return false
  return /^(https?|ssh|file):\/\/./i.test(url) || (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && url !== '')
}

interface Git {
  run(...args: string[]): Promise<CommandResult>
  readonly environment: Readonly<Record<string, string>>
  readonly options: readonly string[]
}

async function gitIn(workspace: string, environment: NodeJS.ProcessEnv, address: string): Promise<Git> {
  // The operator named the repository, so that it may belong to somebody else (under sudo it mostly does).
  // git passes this file on to the git that it starts at the other end, which it does with no option.
  const configuration = join(workspace, 'gitconfig')
  await writeFile(configuration, '[safe]\n\tdirectory = *\n', { mode: 0o600 })
  const options = ['-c', 'core.hooksPath=/dev/null', '-c', 'protocol.ext.allow=never', '-C', workspace]
  const fixed = { ...fixedEnvironment, ...gitEnvironment(environment), GIT_CONFIG_GLOBAL: configuration }
  return {
    options,
    environment: fixed,
    async run(...args) {
      try {
        return await runCommand(['git', ...options, ...args], { env: fixed, timeoutSeconds: 900 })
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error
        const lines = withoutUserinfo(error.stderr).trim().split('\n').filter(Boolean).slice(-8)
        throw gitUnreachable({ address, lines }, { cause: error })
      }
    },
  }
}

/** Of the operator's environment git sees what it needs to authenticate and to find its way out, no more. */
function gitEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const passedOn = ['HOME', 'SSH_AUTH_SOCK', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTPS_PROXY', 'NO_PROXY']
  const entries = passedOn.flatMap((name) => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(entries),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:file',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  }
}

async function listTags(git: Git, url: string): Promise<string[]> {
  const { stdout } = await git.run('ls-remote', '--tags', '--refs', '--sort=version:refname', '--', url)
  return stdout.split('\n').flatMap((line) => {
    const name = line.split('\t')[1]?.replace(/^refs\/tags\//, '')
    return name === undefined ? [] : [name]
  })
}

/** The one that was probably meant, then the newest. */
function tagsToOffer(wanted: string, tags: readonly string[]): string[] {
  const meant = nearest(wanted, tags)
  return [...new Set([...(meant === undefined ? [] : [meant]), ...tags.slice(-9).toReversed()])]
}

async function readTree(git: Git, tag: string, remove: () => Promise<void>): Promise<GitTree> {
  const commit = (await git.run('rev-parse', '--verify', `refs/tags/${tag}^{commit}`)).stdout.trim()
  const { stdout } = await git.run('ls-tree', '-r', '-z', '-l', '--full-tree', commit)
  const listed = parseListing(stdout)
  const objects = openCommand(['git', ...git.options, 'cat-file', '--batch'], { env: git.environment })
  const contents = readObjects(objects)
  const links = await readLinks(listed, contents)
  const entries = [...foldersOf(listed), ...links, ...listed.filter((entry) => entry.kind === 'file')].sort(byPathBytes)
  const ids = new Map(listed.map((entry) => [entry.path, entry.id]))
  return {
    commit,
    tar: packTree(entries, ({ path }) => contents.read(ids.get(path) ?? '')),
    submodules: listed.filter((entry) => entry.kind === 'submodule').map((entry) => entry.path),
    async close() {
      await objects.stop()
      await remove()
    },
  }
}

type Listed =
  | { readonly kind: 'file'; readonly path: string; readonly id: string; readonly size: number; executable: boolean }
  | { readonly kind: 'link' | 'submodule'; readonly path: string; readonly id: string }

/** Reads `git ls-tree -r -z -l`: mode, type, id, size, tab, path (git-ls-tree(1)). */
export function parseListing(text: string): Listed[] {
  return text
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t')
      const [facts, path] = [line.slice(0, tab), line.slice(tab + 1)]
      const [mode = '', , id = '', size = ''] = facts.split(/ +/)
      if (mode === '160000') return { kind: 'submodule', path, id }
      if (mode === '120000') return { kind: 'link', path, id }
      return { kind: 'file', path, id, size: Number(size), executable: mode === '100755' }
    })
}

async function readLinks(listed: readonly Listed[], contents: ReturnType<typeof readObjects>): Promise<TreeEntry[]> {
  const links: TreeEntry[] = []
  for (const { kind, path, id } of listed) {
    if (kind !== 'link') continue
    const pieces: Buffer[] = []
    for await (const piece of contents.read(id)) pieces.push(piece)
    links.push({ kind: 'link', path, target: Buffer.concat(pieces).toString() })
  }
  return links
}

/** Git keeps no folders; those that its paths go through are made, as packing a folder makes them. */
function foldersOf(listed: readonly Listed[]): TreeEntry[] {
  const folders = new Set<string>()
  for (const { path, kind } of listed) {
    if (kind === 'submodule') continue
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      folders.add(path.slice(0, slash))
    }
  }
  return [...folders].map((path) => ({ kind: 'folder', path }))
}
