import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { openCommand } from '../../host/command-pipe.ts'
import { runCommand } from '../../host/command.ts'
import { copyFile, mkdir, readText, writeFile } from '../../host/files.ts'
import type { HashingFile } from '../../host/hashing-file.ts'
import { objectId } from './git-request.ts'
import { parseRemote, type Refs } from './git-refs.ts'

/** Repositories on this host, by the host's git: bare, with no hooks and no configuration but what stands here. */

const settings = Object.entries({
  'core.hooksPath': '/dev/null',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'pack.threads': '1',
  'protocol.allow': 'never',
  'protocol.http.allow': 'always',
  'protocol.https.allow': 'always',
  'safe.directory': '*',
  'transfer.unpackLimit': '1',
  'uploadpack.allowAnySHA1InWant': 'true',
  'uploadpack.allowFilter': 'true',
}).flatMap(([name, value]) => ['-c', `${name}=${value}`])

const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
}

const secondsToFetch = 1800
const largestAnswer = 1024 ** 3

/** Where a repository comes from. */
export interface GitRemote {
  readonly url: string
  /** What git needs to know to get there. */
  readonly environment?: Readonly<Record<string, string>>
}

interface GitInput {
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

async function git(args: readonly string[], { input, environment: more }: GitInput = {}): Promise<string> {
  const env = { ...environment, ...more }
  const options = { env, timeoutSeconds: secondsToFetch, ...(input === undefined ? {} : { input }) }
  return (await runCommand(['git', ...settings, ...args], options)).stdout
}

/** The names that a server has. @throws CommandFailed */
export async function listRemote({ url, environment = {} }: GitRemote): Promise<Refs> {
  return parseRemote(await git(['ls-remote', '--quiet', '--symref', '--', url], { environment }))
}

/** A pack is more than a commit needs when it was packed for another; up to this many objects it is packed afresh. */
const objectsToPackAfresh = 50_000

export class GitRepository {
  readonly path: string
  /** Whether it holds commits without those before them. */
  readonly isShallow: boolean

  constructor(path: string, { isShallow }: { readonly isShallow: boolean }) {
    this.path = path
    this.isShallow = isShallow
  }

  /** @param anyId Tells the format of the object ids. */
  async create(anyId: string | undefined): Promise<void> {
    await mkdir(this.path, { recursive: true })
    const format = anyId?.length === 64 ? 'sha256' : 'sha1'
    await git(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, this.path])
  }

  /** Which of the objects are here, with their types. */
  async typesOf(ids: Iterable<string>): Promise<Map<string, string>> {
    const input = [...ids].filter((id) => objectId.test(id)).map((id) => `${id}\n`)
    if (input.length === 0) return new Map()
    const output = await this.#run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], input.join(''))
    const lines = output.split('\n').map((line) => line.split(' '))
    return new Map(
      lines.flatMap(([id = '', type = '']) => (['', 'missing'].includes(type) ? [] : [[id, type] as const])),
    )
  }

  /** The commit that an object is or, as a tag, stands for; undefined for any other. */
  async commitOf(id: string): Promise<string | undefined> {
    const output = await this.#run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], `${id}^{commit}\n`)
    return /^(\S+) commit$/m.exec(output)?.[1]
  }

  /** Fetches objects: by the names that they have, which any server allows, or else by their ids. @throws CommandFailed */
  async fetch({ url, environment = {} }: GitRemote, ids: ReadonlySet<string>, refs: Refs): Promise<void> {
    const nameless = new Set(ids)
    const named = [...refs.ids].flatMap(([name, id]) => {
      if (!ids.has(id)) return []
      nameless.delete(id)
      return [`+${name}:${name === 'HEAD' ? 'refs/berth/HEAD' : name}\n`]
    })
    const lines = [...named, ...[...nameless].map((id) => `+${id}:refs/berth/${id}\n`)]
    const depth = this.isShallow ? ['--depth=1'] : []
    const options = ['--quiet', '--force', '--no-write-fetch-head', '--no-recurse-submodules', ...depth, '--stdin']
    await git(['-C', this.path, 'fetch', ...options, '--', url], { input: lines.join(''), environment })
  }

  /** Writes a pack of everything that the objects lead to. @returns its SHA-256 and size */
  async pack(ids: Iterable<string>, file: HashingFile): Promise<{ sha256: string; size: number }> {
    const count = /^in-pack: ([0-9]+)$/m.exec(await this.#run(['count-objects', '-v']))?.[1]
    // Packed afresh, the same objects make the same pack with the same git, whatever the server sent.
    const afresh = Number(count) > objectsToPackAfresh ? [] : ['--no-reuse-delta', '--no-reuse-object']
    const options = ['--revs', '--stdout', '--quiet', '--delta-base-offset', ...afresh]
    const packing = this.#open(['pack-objects', ...options])
    packing.input.end([...ids].sort().join('\n') + '\n')
    try {
      for await (const chunk of packing.output as AsyncIterable<Buffer>) await file.write(chunk)
      await packing.ended
    } finally {
      await packing.stop()
    }
    return { sha256: await file.finish(), size: file.bytes }
  }

  /**
   * Takes a pack in, and makes sure that nothing is missing of what the objects lead to.
   * @throws CommandFailed
   */
  async load(packPath: string, ids: ReadonlySet<string>): Promise<void> {
    const name = createHash('sha256')
      .update([...ids].sort().join())
      .digest('hex')
      .slice(0, 40)
    const target = join(this.path, 'objects', 'pack', `pack-${name}.pack`)
    await copyFile(packPath, target)
    await this.#run(['index-pack', target])
    if (this.isShallow) await this.#cutOff(ids)
    await this.check(ids)
  }

  /** Says that what came before these commits is not here on purpose (gitrepository-layout(5)). */
  async #cutOff(ids: ReadonlySet<string>): Promise<void> {
    const path = join(this.path, 'shallow')
    const commits = new Set(((await readText(path)) ?? '').split('\n').filter(Boolean))
    for (const id of ids) commits.add((await this.commitOf(id)) ?? id)
    await writeFile(path, [...commits].map((id) => `${id}\n`).join(''))
  }

  /** @throws CommandFailed when anything is missing */
  async check(ids: ReadonlySet<string>): Promise<void> {
    await this.#run(['rev-list', '--quiet', '--objects', '--stdin'], [...ids].map((id) => `${id}\n`).join(''))
  }

  /** Gives objects their names. */
  async name(refs: Refs): Promise<void> {
    const lines = [...refs.ids].filter(([name]) => name !== 'HEAD').map(([name, id]) => `update ${name} ${id}\n`)
    await this.#run(['update-ref', '--stdin'], lines.join(''))
  }

  /** Commits of tags that are objects of their own, by name. */
  async peeled(): Promise<Map<string, string>> {
    const output = await this.#run(['for-each-ref', '--format=%(refname) %(*objectname)', 'refs/tags'])
    const lines = output.split('\n').map((line) => line.split(' '))
    return new Map(lines.flatMap(([name = '', id = '']) => (id === '' ? [] : [[name, id] as const])))
  }

  /** Answers a client, as git's own server does. @throws Error when the answer is too large */
  async answer(body: Buffer, protocol: 0 | 2): Promise<Buffer> {
    const serving = this.#open(['upload-pack', '--stateless-rpc', this.path], protocol === 2 ? 'version=2' : '')
    serving.input.end(body)
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of serving.output as AsyncIterable<Buffer>) {
        if ((bytes += chunk.length) > largestAnswer) throw new Error(`a repository of more than ${largestAnswer} bytes`)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks) // what went wrong is said in it
    } finally {
      await serving.stop()
    }
  }

  #run(args: readonly string[], input?: string): Promise<string> {
    return git(['-C', this.path, ...args], input === undefined ? {} : { input })
  }

  #open(args: readonly string[], protocol = '') {
    const env = { ...environment, ...(protocol === '' ? {} : { GIT_PROTOCOL: protocol }) }
    return openCommand(['git', ...settings, '-C', this.path, ...args], { env })
  }
}
