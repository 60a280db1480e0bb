import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CommandFailed } from '../../host/command.ts'
import { exists, mkdtemp, removeTree, rename } from '../../host/files.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import type { Artifact } from '../../model/lock.ts'
import { downloadFailed } from '../../model/problems/install.ts'
import type { Shelf } from '../adapter.ts'
import { alone, commitOf, readTags, type Refs } from './git-refs.ts'
import { GitRepository, type GitRemote } from './git-repository.ts'
import { readSshAddress } from './git-ssh-address.ts'
import { throughSsh } from './git-ssh.ts'

/** A repository as a lock has it: the names and commits that were recorded, whatever has become of it. */
export class ReplayedRepository {
  readonly #artifacts: readonly Artifact[]
  readonly #shelf: Shelf

  constructor(artifacts: readonly Artifact[], shelf: Shelf) {
    this.#artifacts = artifacts
    this.#shelf = shelf
  }

  async refs(): Promise<Refs> {
    const { refs } = readTags(this.#artifacts)
    const peeled = new Map<string, string>()
    for (const artifact of this.#artifacts) {
      for (const [name, id] of await (await openCopy(artifact, this.#shelf)).peeled()) peeled.set(name, id)
    }
    return { ...refs, peeled }
  }

  /** A copy that has all of the objects; undefined when the lock has not. */
  async having(wants: readonly string[], isShallow: boolean): Promise<GitRepository | undefined> {
    const fitting = (artifact: Artifact) => Number(artifact.version.endsWith(alone) === isShallow)
    for (const artifact of this.#artifacts.toSorted((one, other) => fitting(other) - fitting(one))) {
      const copy = await openCopy(artifact, this.#shelf)
      const here = await copy.typesOf(wants)
      if (wants.every((id) => here.has(id))) return copy
    }
    return undefined
  }
}

/** Copies outlive sessions: one is made for each content, completely or not at all. */
async function openCopy(artifact: Artifact, shelf: Shelf): Promise<GitRepository> {
  const root = await shelf.cacheDirectory()
  const { url, version, tags = [] } = artifact
  const key = createHash('sha256')
    .update(JSON.stringify([url, version, tags]))
    .digest('hex')
  const path = join(root, `${key}.git`)
  const options = { isShallow: version.endsWith(alone) }
  await oneAtATime(path, async () => {
    if (await exists(path)) return
    const beside = await mkdtemp(join(root, 'new-'))
    try {
      await fill(new GitRepository(beside, options), artifact, shelf)
      await rename(beside, path)
    } finally {
      await removeTree(beside)
    }
  })
  return new GitRepository(path, options)
}

async function fill(repository: GitRepository, artifact: Artifact, shelf: Shelf): Promise<void> {
  const { refs, pinned } = readTags([artifact])
  await repository.create(commitOf(artifact))
  const packPath = await shelf.provide(artifact).catch(() => undefined)
  if (packPath === undefined) await fetchAgain(repository, artifact, shelf)
  else await repository.load(packPath, pinned)
  await repository.name(refs)
}

/**
 * A pack is never the same twice, a commit always: its id is the hash of all that is in it. So what is not in the store
 * is fetched from where it was, by its ids.
 * @throws downloadFailed
 */
async function fetchAgain(repository: GitRepository, artifact: Artifact, shelf: Shelf): Promise<void> {
  const { refs, pinned } = readTags([artifact])
  const nameless: Refs = { ids: new Map(), peeled: new Map(), head: undefined }
  const fetch = async (remote: GitRemote) => {
    // A server may know commits by their names alone; then the names must not have moved.
    await repository.fetch(remote, pinned, nameless).catch(() => repository.fetch(remote, pinned, refs))
    await repository.check(pinned)
  }
  try {
    if (artifact.url.startsWith('ssh:')) await throughSsh(readSshAddress(artifact.url), shelf.ssh, fetch)
    else await fetch({ url: artifact.url })
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    const reason = error.stderr.trim().split('\n').at(-1) ?? 'no answer'
    throw downloadFailed({ url: `${artifact.url} at ${commitOf(artifact)}`, reason }, { cause: error })
  }
}
