import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CommandFailed } from '../../host/command.ts'
import { exists, mkdir, mkdtemp, readdir, removeTree, stat } from '../../host/files.ts'
import { HashingFile } from '../../host/hashing-file.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import type { Artifact } from '../../model/lock.ts'
import type { Recorder } from '../adapter.ts'
import { nameOf } from './generic-request.ts'
import { openGateway } from './git-gateway.ts'
import { alone, readTags, tagsFor, type Refs } from './git-refs.ts'
import { GitRepository, listRemote, type GitRemote } from './git-repository.ts'
import { readSshAddress } from './git-ssh-address.ts'
import { throughSsh } from './git-ssh.ts'

/** What a build was given of a repository: commits with their history, or alone. */
interface Copy {
  readonly repository: GitRepository
  /** Commits and tags that clients asked for. */
  readonly given: Set<string>
  /** The commit that stands for all of them in the lock. */
  commit?: string
}

/** On whose behalf a repository is asked. */
export interface Asker {
  readonly recorder: Recorder
  /** Credentials among them. */
  readonly headers: Readonly<Record<string, string>>
}

/** A repository that a build clones while it is recorded: its names are those of the first time that they were asked. */
export class RecordedRepository {
  readonly #url: string
  #refs: Promise<Refs> | undefined
  #directory: Promise<string> | undefined
  readonly #copies = new Map<boolean, Promise<Copy>>()

  constructor(url: string) {
    this.#url = url
  }

  async refs(asker: Asker): Promise<Refs> {
    this.#refs ??= this.#look(asker)
    return this.#refs.catch((error: unknown) => {
      this.#refs = undefined
      throw error
    })
  }

  /** Answers a client's request for objects out of a copy that has what it wants, and writes that down. */
  async fetch(wants: readonly string[], isShallow: boolean, asker: Asker): Promise<GitRepository> {
    const refs = await this.refs(asker)
    const copy = await this.#copy(isShallow, refs, asker.recorder)
    const { repository, given } = copy
    return oneAtATime(repository.path, async () => {
      const here = await repository.typesOf(wants)
      const missing = new Set(wants.filter((id) => !here.has(id)))
      if (missing.size > 0) await this.#fetchInto(repository, missing, asker)
      const before = given.size
      for (const [id, type] of await repository.typesOf(wants)) if (isNamed(type)) given.add(id)
      if (given.size > before) await this.#writeDown(copy, refs, asker.recorder)
      return repository
    })
  }

  async #look(asker: Asker): Promise<Refs> {
    const refs = await this.#through(asker, listRemote)
    const held = await this.#held(asker.recorder)
    const kept = readTags(held).refs
    const peeled = new Map(refs.peeled)
    for (const artifact of held) {
      const { repository } = await this.#copy(artifact.version.endsWith(alone), refs, asker.recorder)
      const of = readTags([artifact])
      await repository.load(asker.recorder.path(artifact), of.pinned)
      await repository.name(of.refs)
      for (const [name, id] of await repository.peeled()) peeled.set(name, id)
    }
    return { ids: new Map([...refs.ids, ...kept.ids]), peeled, head: kept.head ?? refs.head }
  }

  /** What an earlier lock has of this repository, as far as it is still in the store. */
  async #held(recorder: Recorder): Promise<Artifact[]> {
    const held: Artifact[] = []
    for (const artifact of recorder.held('git', nameOf(new URL(this.#url)))) {
      if (artifact.url === this.#url && (await exists(recorder.path(artifact)))) held.push(artifact)
    }
    return held
  }

  async #fetchInto(repository: GitRepository, ids: ReadonlySet<string>, asker: Asker): Promise<void> {
    const refs = await this.refs(asker)
    try {
      await this.#through(asker, (remote) => repository.fetch(remote, ids, refs))
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      const said = error.stderr.trim().split('\n').at(-1) ?? ''
      asker.recorder.notice(`${this.#url} did not give ${[...ids].slice(0, 3).join(', ')}: ${said}`)
    }
  }

  async #writeDown(copy: Copy, refs: Refs, recorder: Recorder): Promise<void> {
    const { repository, given } = copy
    const types = await repository.typesOf([...refs.ids.values(), ...given])
    const present = new Set([...types].flatMap(([id, type]) => (isNamed(type) ? [id] : [])))
    const head = refs.ids.get('HEAD')
    const first = head !== undefined && present.has(head) ? head : [...given][0]
    const commit = copy.commit ?? (first === undefined ? undefined : await repository.commitOf(first))
    if (commit === undefined) return
    copy.commit = commit
    const file = await HashingFile.create(join(repository.path, `${randomUUID()}.pack`))
    try {
      const content = await repository.pack(present, file)
      const version = repository.isShallow ? commit + alone : commit
      const name = nameOf(new URL(this.#url))
      const artifact: Artifact = {
        ...{ kind: 'git', name, version, url: this.#url, ...content },
        tags: tagsFor(refs, present, commit),
      }
      await file.moveTo(recorder.path(artifact))
      recorder.add(artifact)
    } finally {
      await file.discard()
    }
  }

  #copy(isShallow: boolean, refs: Refs, recorder: Recorder): Promise<Copy> {
    const made = this.#copies.get(isShallow) ?? this.#makeCopy(isShallow, refs, recorder)
    this.#copies.set(isShallow, made)
    return made
  }

  async #makeCopy(isShallow: boolean, refs: Refs, recorder: Recorder): Promise<Copy> {
    this.#directory ??= workDirectory(recorder)
    const path = join(await this.#directory, isShallow ? 'shallow.git' : 'whole.git')
    const repository = new GitRepository(path, { isShallow })
    await repository.create([...refs.ids.values()][0])
    return { repository, given: new Set() }
  }

  async #through<Result>({ recorder, headers }: Asker, work: (remote: GitRemote) => Promise<Result>): Promise<Result> {
    if (this.#url.startsWith('ssh:')) return throughSsh(readSshAddress(this.#url), recorder.ssh, work)
    const gateway = await openGateway(recorder, { repository: this.#url, headers })
    try {
      return await work({ url: gateway.url })
    } finally {
      await gateway.close()
    }
  }
}

/** What a lock names: trees and files belong to some commit. */
function isNamed(type: string): boolean {
  return type === 'commit' || type === 'tag'
}

const day = 24 * 60 * 60 * 1000

/** A directory for one session. Nobody says when a session ends, so the next one clears away what is a day old. */
async function workDirectory(recorder: Recorder): Promise<string> {
  const root = join(await recorder.cacheDirectory(), 'recording')
  await mkdir(root, { recursive: true })
  for (const name of await readdir(root)) {
    const facts = await stat(join(root, name)).catch(() => undefined) // another session was faster
    if (facts && Date.now() - facts.mtimeMs > day) await removeTree(join(root, name))
  }
  return mkdtemp(join(root, 'session-'))
}
