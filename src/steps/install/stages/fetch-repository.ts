import { basename, join } from 'node:path'
import { CommandFailed, runCommand } from '../../../host/command.ts'
import * as files from '../../../host/files.ts'
import { kindInRoot } from '../../../host/root-links.ts'
import { listTree } from '../../../host/tree.ts'
import { buildUser } from '../../../isolation/build/config.ts'
import type { Artifact } from '../../../model/lock.ts'
import { checksumWrong } from '../../../model/problems/dockerfile-build.ts'
import { downloadFailed } from '../../../model/problems/install.ts'
import { notLocked } from '../../../model/problems/lock.ts'
import { withoutUserinfo } from '../../../model/secret.ts'
import { readSshAddress } from '../../../proxy/adapters/git-ssh-address.ts'
import { parseRemote } from '../../../proxy/adapters/git-refs.ts'
import type { GitGate } from '../../../proxy/git-gate.ts'
import type { Session } from '../../../proxy/session.ts'
import type { GitSource } from '../dockerfile/index.ts'
import type { LayerWork } from '../layer-work.ts'
import { chooseRef, type ChosenRef } from './choose-ref.ts'
import { resolveInRoot } from './root-path.ts'

/** Nothing of the host's configuration, and nothing that depends on the host or the moment. */
const settings = {
  'advice.detachedHead': 'false',
  'core.hooksPath': '/dev/null',
  'core.logAllRefUpdates': 'false',
  'gc.auto': '0',
  'index.threads': '1',
  'init.templateDir': '',
  'maintenance.auto': 'false',
  'pack.threads': '1',
  'protocol.allow': 'never',
  'protocol.http.allow': 'always',
  'safe.directory': '*',
  // Objects one by one are the same bytes whatever pack they came in.
  'transfer.unpackLimit': '50000',
}

const environment = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
const secondsToFetch = 1800

/** The files of a repository, checked out for an `ADD`. */
export interface FetchedRepository {
  readonly directory: string
  readonly artifacts: readonly Artifact[]
}

/**
 * Fetches a repository by the same rules as what a build asks for itself: the commit is locked, and so are those of its
 * submodules. This host's git does it, with no rights and no way out but the gate.
 * @throws downloadFailed, notLocked, checksumWrong
 */
export async function fetchRepository(
  work: LayerWork,
  source: GitSource,
  session: Session,
): Promise<FetchedRepository> {
  const gate = await openGate(work, session)
  const checkout = new Checkout(work, source, gate)
  try {
    await checkout.make()
    return { directory: wanted(source, checkout.directory), artifacts: gate.artifacts }
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    throw explain(error, { work, source, gate })
  } finally {
    await gate.close()
  }
}

function wanted({ remote, directory = '' }: GitSource, root: string): string {
  const path = `/${directory}`
  if (kindInRoot(root, path) === 'directory') return resolveInRoot(root, path)
  throw downloadFailed({ url: withoutUserinfo(remote), reason: `it has no directory ${directory}` })
}

async function openGate({ workshop }: LayerWork, session: Session): Promise<GitGate> {
  const { blobs, cache } = workshop.store
  const [{ adapters }, { openGitGate }] = await Promise.all([
    import('../../../proxy/adapters/index.ts'),
    import('../../../proxy/git-gate.ts'),
  ])
  return openGitGate({
    ...{ session, adapters, blobs },
    cacheDirectory: cache.workDirectory('registries'),
    onFetch: () => undefined,
    onNotice: (message) => workshop.emit({ kind: 'notice', message }),
    ...(workshop.secret ? { setting: workshop.secret } : {}),
  })
}

class Checkout {
  readonly directory: string
  readonly #work: LayerWork
  readonly #source: GitSource
  readonly #gate: GitGate

  constructor(work: LayerWork, source: GitSource, gate: GitGate) {
    this.directory = join(work.directory, `repository-${(checkouts += 1)}`)
    this.#work = work
    this.#source = source
    this.#gate = gate
  }

  async make(): Promise<void> {
    const { ref, checksum, submodules, keepGitDir } = this.#source
    const remote = addressOf(this.#source)
    await files.mkdir(this.directory, { mode: 0o755 })
    await files.lchown(this.directory, buildUser, buildUser)
    const refs = parseRemote(await this.#git(['ls-remote', '--quiet', '--symref', '--', remote]))
    const chosen = chooseRef(refs, ref)
    if (!chosen) {
      const reason = ref === undefined ? 'it is empty' : `it has no branch, tag or commit ${ref}`
      throw downloadFailed({ url: withoutUserinfo(remote), reason })
    }
    await this.#checkOut(chosen)
    const commit = (await this.#git(['rev-parse', 'HEAD'])).trim()
    if (checksum !== undefined && ![commit, chosen.id].some((id) => id.startsWith(checksum)))
      throw checksumWrong({ url: withoutUserinfo(remote), expected: checksum, found: commit })
    if (submodules)
      await this.#git(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1', '--jobs=1'])
    await this.#clean(keepGitDir)
  }

  async #checkOut({ id, fetch, branch }: ChosenRef): Promise<void> {
    const remote = addressOf(this.#source)
    await this.#git([
      'init',
      '--quiet',
      '--initial-branch=main',
      `--object-format=${id.length === 64 ? 'sha256' : 'sha1'}`,
    ])
    await this.#git(['remote', 'add', 'origin', isSsh(this.#source) ? remote : withoutUserinfo(remote)])
    const quiet = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules']
    await this.#git(['fetch', ...quiet, '--depth=1', '--', remote, fetch])
    const where = branch === undefined ? ['--detach'] : ['--no-track', '-B', branch]
    await this.#git(['checkout', '--quiet', '--force', ...where, id])
  }

  /** What git keeps of a fetch names the gate; without `--keep-git-dir` nothing of git's own stays at all. */
  async #clean(keepsGit: boolean): Promise<void> {
    const isGit = (path: string) => basename(path) === '.git'
    for (const { path } of await listTree(this.directory, (entry) => keepsGit || !isGit(entry.path))) {
      const isUnwanted = keepsGit ? /(^|\/)\.git\/(.*\/)?(FETCH_HEAD|ORIG_HEAD)$/.test(path) : isGit(path)
      if (isUnwanted) await files.removeTree(join(this.directory, path))
    }
  }

  async #git(args: readonly string[]): Promise<string> {
    const all = Object.entries({ ...settings, ...this.#gate.settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    const nobody = ['setpriv', `--reuid=${buildUser}`, `--regid=${buildUser}`, '--clear-groups', '--no-new-privs']
    const command = [...nobody, 'git', '-C', this.directory, ...all, ...args] as const
    const { signal } = this.#work.workshop
    const options = { env: environment, timeoutSeconds: secondsToFetch, signal }
    return (await runCommand(command as readonly [string, ...string[]], options)).stdout
  }
}
let checkouts = 0

function isSsh({ remote }: GitSource): boolean {
  return /^ssh:/i.test(remote) || !remote.includes('://')
}

/** A user over ssh is no credential, but part of where a repository is. @throws sshAddressRefused */
function addressOf(source: GitSource): string {
  return isSsh(source) ? readSshAddress(source.remote).url : source.remote
}

function explain(
  error: CommandFailed,
  { work, source, gate }: { readonly work: LayerWork; readonly source: GitSource; readonly gate: GitGate },
): unknown {
  const { locking, signal } = work.workshop
  signal.throwIfAborted()
  if (gate.failure) return gate.failure
  const file = locking.mode === 'follow' ? locking.file : 'berth.lock'
  if (gate.missing.length > 0)
    return notLocked({ title: work.title, file, missing: gate.missing, lines: [] }, { cause: error })
  const reason = gate.refusal ?? gate.readable(error.stderr.trim().split('\n').at(-1) ?? 'no answer')
  return downloadFailed({ url: withoutUserinfo(source.remote), reason }, { cause: error })
}
