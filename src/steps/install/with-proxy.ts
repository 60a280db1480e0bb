import { join } from 'node:path'
import * as files from '../../host/files.ts'
import { pathsOf } from '../../host/instance.ts'
import { Problem } from '../../model/problem.ts'
import { notLocked } from '../../model/problems/lock.ts'
import { adapters } from '../../proxy/adapters/index.ts'
import type { Fetch } from '../../proxy/dispatcher.ts'
import { startLockingProxy, type LockingProxy } from '../../proxy/locking-proxy.ts'
import type { Session } from '../../proxy/session.ts'
import { clientFiles } from './client-environment.ts'
import type { LayerWork } from './layer-work.ts'
import { rememberPythonIndexes } from './python-indexes.ts'

/** How a sandbox gets at its proxy: paths on the host. */
export interface ProxyAccess {
  readonly socketPath: string
  /** A directory with what clients have to be told, for `insideDirectory`. */
  readonly filesDirectory: string
}

/**
 * Has a proxy run for as long as `use` takes.
 * @throws what `use` does, or why the proxy could not serve what was asked for
 */
export async function withProxy<Result>(
  work: LayerWork,
  session: Session,
  use: (proxy: LockingProxy, access: ProxyAccess) => Promise<Result>,
): Promise<Result> {
  const { builds } = pathsOf(work.workshop.instance)
  const access = { socketPath: join(builds, `${work.id}.sock`), filesDirectory: join(work.directory, 'client') }
  await files.mkdir(builds, { recursive: true })
  const report = fetchReporter(work)
  const asked = new Set<string>()
  const proxy = await startLockingProxy({
    socketPath: access.socketPath,
    session,
    adapters,
    blobs: work.workshop.store.blobs,
    cacheDirectory: work.workshop.store.cache.workDirectory('registries'),
    onFetch: (fetch) => {
      if (session.mode === 'record' && fetch.status === 200) asked.add(fetch.url)
      report(fetch)
    },
    onNotice: (message) => work.workshop.emit({ kind: 'notice', message }),
    ...(work.workshop.secret ? { setting: work.workshop.secret } : {}),
  })
  try {
    await files.mkdir(access.filesDirectory)
    for (const [name, content] of Object.entries(clientFiles(session, proxy.certificate))) {
      await files.writeFile(join(access.filesDirectory, name), content)
    }
    const result = await use(proxy, access)
    // A package manager may go on without what it could not get; a lock must not.
    if (session.mode === 'record' && proxy.failure) throw proxy.failure
    return result
  } catch (error) {
    throw explain(error, work, proxy)
  } finally {
    await proxy.close()
    await rememberPythonIndexes(work.workshop.store.cache, asked)
    await files.removeTree(access.socketPath)
  }
}

/** A package manager says that it could not get something; why is known here. */
function explain(error: unknown, { title, workshop }: LayerWork, { failure, missing }: LockingProxy): unknown {
  if (!(error instanceof Problem) || error.code !== 'build-failed') return error
  if (failure) return failure
  if (missing.length === 0) return error
  const file = workshop.locking.mode === 'follow' ? workshop.locking.file : 'berth.lock'
  return notLocked({ title, file, missing, lines: error.text.lines ?? [] }, { cause: error })
}

/** Says what a build fetches: bytes by host as progress, each refusal as a notice. */
function fetchReporter({ workshop }: LayerWork): (fetch: Fetch) => void {
  const bytes = new Map<string, number>()
  let lastReport = 0
  return ({ host, url, bytes: more, refused, status }) => {
    if (refused !== undefined && status !== 404) {
      workshop.emit({ kind: 'notice', message: `The build asked for ${url}: ${refused}` })
    }
    const done = (bytes.get(host) ?? 0) + more
    bytes.set(host, done)
    if (more === 0 || Date.now() - lastReport < 200) return
    lastReport = Date.now()
    workshop.emit({ kind: 'progress', step: 'install', what: `from ${host}`, done, unit: 'bytes' })
  }
}
