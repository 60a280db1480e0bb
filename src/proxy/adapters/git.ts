import type { Adapter, BuildAnswer, BuildRequest, MakeAdapter, Recorder, Shelf } from '../adapter.ts'
import { RecordedRepository } from './git-record.ts'
import { advertise, listRefs, type Refs } from './git-refs.ts'
import { ReplayedRepository } from './git-replay.ts'
import type { GitRepository } from './git-repository.ts'
import { bodyOf, protocolOf, readCommand, readGitRequest, type GitRequest } from './git-request.ts'

/** Repositories of git over HTTP and ssh: a clone is locked by the commits that it got. */
export const git: MakeAdapter = () => new GitAdapter()

/** A repository of either mode. */
interface Source {
  refs(): Promise<Refs>
  fetch(wants: readonly string[], isShallow: boolean): Promise<GitRepository | undefined>
}

class GitAdapter implements Adapter {
  readonly kind = 'git'
  readonly #recorded = new Map<string, RecordedRepository>()
  readonly #told = new Set<string>()

  async record(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    const asked = readGitRequest(request)
    if (!asked) return undefined
    if (asked.kind !== 'refs' && asked.kind !== 'fetch') return this.#refuse(asked, recorder)
    const asker = { recorder, headers: credentialsOf(request) }
    if (asked.kind === 'refs' && !asked.repository.startsWith('ssh:')) {
      const { status, headers, body } = await recorder.ask(request.url, { headers: asker.headers })
      if (status !== 200) return { status, headers: pick(headers, ['content-type', 'www-authenticate']), body }
      if (headers['content-type'] !== type('advertisement')) return this.#refuse({ ...asked, kind: 'files' }, recorder)
    }
    this.#tellOfDate(asked, recorder)
    const repository = this.#recorded.get(asked.repository) ?? new RecordedRepository(asked.repository)
    this.#recorded.set(asked.repository, repository)
    return serve(request, asked, {
      refs: () => repository.refs(asker),
      fetch: (wants, isShallow) => repository.fetch(wants, isShallow, asker),
    })
  }

  async replay(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer | undefined> {
    const asked = readGitRequest(request)
    if (!asked) return undefined
    const artifacts = shelf.artifacts.filter(({ kind, url }) => kind === 'git' && url === asked.repository)
    const isKnown = artifacts.length > 0 && (asked.kind === 'refs' || asked.kind === 'fetch')
    if (!isKnown) return { status: 403, body: 'berth: not in berth.lock\n', missing: asked.repository }
    const repository = new ReplayedRepository(artifacts, shelf)
    return serve(request, asked, {
      refs: () => repository.refs(),
      fetch: (wants, isShallow) => repository.having(wants, isShallow),
    })
  }

  #refuse({ kind, repository }: GitRequest, recorder: Recorder): BuildAnswer {
    const why = {
      push: 'a build only reads',
      files: 'only the smart protocol of git can be locked, and its server speaks the old one',
      'large files': 'files of Git LFS cannot be locked',
    }[kind === 'push' || kind === 'large files' ? kind : 'files']
    recorder.notice(`Refused what the build asked of ${repository}: ${why}`)
    return { status: 403, body: `berth: ${why}\n` }
  }

  #tellOfDate({ repository }: GitRequest, recorder: Recorder): void {
    if (!recorder.asOf || this.#told.has('date')) return
    this.#told.add('date')
    const how = 'name a tag or a commit'
    recorder.notice(`Branches of git are as they are today, whatever the date: ${repository}, for one; ${how}`)
  }
}

async function serve(request: BuildRequest, { kind, repository }: GitRequest, source: Source): Promise<BuildAnswer> {
  const protocol = protocolOf(request)
  if (kind === 'refs') return answer('advertisement', advertise(await source.refs(), protocol))
  const body = await bodyOf(request)
  const command = readCommand(body)
  if (command.kind === 'ls-refs') return answer('result', listRefs(await source.refs(), command))
  const copy = await source.fetch(command.wants, command.isShallow)
  if (copy) return answer('result', await copy.answer(body, protocol))
  const missing = `${repository} at ${command.wants[0] ?? ''}`
  return { status: 403, body: `berth: ${missing} is not in berth.lock\n`, missing }
}

function type(what: 'advertisement' | 'result'): string {
  return `application/x-git-upload-pack-${what}`
}

function answer(what: 'advertisement' | 'result', body: Buffer): BuildAnswer {
  return { status: 200, headers: { 'content-type': type(what), 'cache-control': 'no-cache' }, body }
}

function credentialsOf({ headers }: BuildRequest): Record<string, string> {
  return { ...pick(headers, ['user-agent', 'authorization', 'cookie', 'private-token']), 'accept-encoding': 'identity' }
}

function pick(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(found)
}
