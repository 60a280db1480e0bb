import { basename, dirname, join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { hasCode, readUntrusted, stat } from '../host/files.ts'
import type { DeployRequest } from '../model/api.ts'
import { readAttestations } from './read-attestations.ts'
import { largestLock, lockFileName } from '../model/lock.ts'
import { folderMissing, manifestUnreadable } from '../model/problems/client.ts'
import { sourceEmpty } from '../model/problems/retrieve.ts'
import { withoutUserinfo } from '../model/secret.ts'

/** What the operator asked to deploy. */
export interface SourceChoice {
  /** As given; undefined: the current folder, unless a repository is named. */
  readonly folder: string | undefined
  readonly git: string | undefined
  readonly tag: string | undefined
}

export interface SourceContext {
  readonly workingDirectory: string
  readonly environment: NodeJS.ProcessEnv
}

/** A source tree on its way to the daemon. */
export interface Source {
  readonly described: Pick<
    DeployRequest,
    'fallbackName' | 'manifest' | 'manifestPath' | 'origin' | 'lock' | 'lockPath' | 'attestations'
  >
  readonly tar: AsyncIterable<Buffer>
  /** What the operator should know, such as files that were left out. */
  readonly notices: readonly string[]
  /** Where the lock is, or would be written; undefined when the source is no folder. */
  readonly lockFile: string | undefined
  close(): Promise<void>
}

/** Finds and opens the source: a repository at a tag, or a folder. */
export async function openSource(choice: SourceChoice, context: SourceContext): Promise<Source> {
  if (choice.git !== undefined && choice.folder === undefined) return openRepository(choice.git, choice.tag, context)
  const folder = resolve(context.workingDirectory, choice.folder ?? '.')
  await checkFolder(folder, choice.folder ?? '.')
  const manifestPath = relative(context.workingDirectory, join(folder, 'berth.toml')) || 'berth.toml'
  const manifest = await readUntrusted(join(folder, 'berth.toml'))
  const named = manifest === undefined ? {} : await repositoryIn(manifest, manifestPath)
  const git = choice.git ?? named.git
  if (git === undefined) return openFolder(folder, choice.folder ?? '.', manifestPath)
  const source = await openRepository(git, choice.tag ?? named.tag, context)
  if (manifest === undefined) return source
  const lockFile = join(folder, lockFileName)
  const lock = await readUntrusted(lockFile, largestLock)
  const lockPath = relative(context.workingDirectory, lockFile)
  const own = {
    manifest,
    manifestPath,
    lockPath,
    fallbackName: nameFrom(folder),
    ...(lock === undefined ? {} : { lock }),
    attestations: await readAttestations(folder),
  }
  return { ...source, lockFile, described: { ...source.described, ...own } }
}

/** The body of a deploy: the request as one line, then the tree or the bundle. */
export function requestBody(request: object, tar: AsyncIterable<Buffer>): Readable {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${JSON.stringify(request)}\n`)
    yield* tar
  }
  return Readable.from(body(), { objectMode: false, highWaterMark: 256 * 1024 })
}

async function checkFolder(folder: string, given: string): Promise<void> {
  const facts = await stat(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) throw folderMissing({ folder: given, found: 'nothing' })
    throw error
  })
  if (!facts.isDirectory()) throw folderMissing({ folder: given, found: 'file' })
}

async function openFolder(folder: string, given: string, manifestPath: string): Promise<Source> {
  const [{ listFolder }, { packFolder }] = await Promise.all([import('./list-folder.ts'), import('./pack.ts')])
  const { entries, skipped } = await listFolder(folder)
  if (!entries.some((entry) => entry.kind !== 'folder')) throw sourceEmpty({ origin: given })
  return {
    described: { fallbackName: nameFrom(folder), manifestPath, lockPath: besides(manifestPath), origin: folder },
    lockFile: join(folder, lockFileName),
    tar: packFolder(folder, entries),
    notices: skipped.map((path) => `left out ${path}: it is a socket, FIFO or device`),
    close: () => Promise.resolve(),
  }
}

async function openRepository(url: string, tag: string | undefined, context: SourceContext): Promise<Source> {
  const { fetchTag } = await import('./git.ts')
  const absolute = url.startsWith('.') ? resolve(context.workingDirectory, url) : url
  const tree = await fetchTag({ url: absolute, tag }, context.environment)
  const address = withoutUserinfo(absolute)
  return {
    described: {
      fallbackName: nameFrom(address.replace(/\/*(\.git)?\/*$/, '')),
      manifestPath: 'berth.toml',
      lockPath: lockFileName,
      origin: `${address} ${tag ?? ''}`.trim(),
    },
    tar: tree.tar,
    lockFile: undefined,
    notices: [
      `${tag ?? ''} of ${address} is commit ${tree.commit}`,
      ...tree.submodules.map((path) => `left out ${path}: it is a submodule`),
    ],
    close: () => tree.close(),
  }
}

function besides(manifestPath: string): string {
  return join(dirname(manifestPath), lockFileName)
}

/** Reads `[retrieve]` of a manifest. Everything else in it is checked by the daemon. */
async function repositoryIn(manifest: string, path: string): Promise<{ git?: string; tag?: string }> {
  if (!/\bgit\b/.test(manifest)) return {}
  const { parse, TomlError } = await import('smol-toml')
  try {
    const { retrieve } = parse(manifest)
    if (typeof retrieve !== 'object' || Array.isArray(retrieve) || retrieve instanceof Date) return {}
    const { git, tag } = retrieve
    return { ...(typeof git === 'string' ? { git } : {}), ...(typeof tag === 'string' ? { tag } : {}) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const why = error.message.split('\n', 1)[0] ?? 'it is not TOML'
    throw manifestUnreadable({ path, line: error.line, why }, { cause: error })
  }
}

/** Makes an application's name of a folder's or repository's. */
export function nameFrom(path: string): string {
  const name = basename(path.replace(/^.*:/, ''))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name === '' ? 'app' : name
}
