import { join } from 'node:path'
import * as files from '../../host/files.ts'
import { pathsOf } from '../../host/instance.ts'
import { listTree } from '../../host/tree.ts'
import { buildUser, unprivileged } from '../../isolation/build-config.ts'
import { digestOf, type Artifact } from '../../model/lock.ts'
import type { LayerPlan } from '../../model/plan.ts'
import { Problem } from '../../model/problem.ts'
import { notLocked } from '../../model/problems/lock.ts'
import { adapters } from '../../proxy/adapters/index.ts'
import type { Fetch } from '../../proxy/dispatcher.ts'
import { startLockingProxy, type LockingProxy } from '../../proxy/locking-proxy.ts'
import type { Session } from '../../proxy/session.ts'
import { certificatesInside, clientEnvironment } from './client-environment.ts'
import { copyFiles, copyTree } from './copy-tree.ts'
import { fetchBlob } from './fetch.ts'
import { runInSandbox, type LayerWork } from './layer-work.ts'
import type { Workshop } from './workshop.ts'

type CommandsPlan = Extract<LayerPlan, { kind: 'commands' }>

/**
 * What commands of a package manager leave in the application's directory. They are foreign code: they run without
 * privileges, and their only way out is the proxy.
 * @returns what they fetched, when the session records.
 */
export async function makeCommands(
  work: LayerWork,
  plan: CommandsPlan,
  session: Session,
): Promise<readonly Artifact[]> {
  const { workshop, upper } = work
  for (const message of plan.notices ?? []) workshop.emit({ kind: 'notice', message })
  const app = join(upper, 'app')
  await files.mkdir(app, { mode: 0o755 })
  await layOutInputs(workshop.treeDir, app, plan.inputs)
  const inputs = (await listTree(app)).filter(({ path }) => path !== '')
  for (const { path } of await listTree(app)) await files.lchown(join(app, path), buildUser, buildUser)
  const artifacts = await withProxy(work, session, async (proxy, access) => {
    await runInSandbox(work, {
      runAs: unprivileged,
      cwd: '/app',
      proxySocket: access.socketPath,
      mounts: [{ kind: 'bind', source: access.certificatePath, target: certificatesInside }],
      commands: plan.commands.map(({ argv, env }) => ({ argv, env: { ...clientEnvironment(session.mode), ...env } })),
    })
    return proxy.artifacts
  })
  // The layer of the source brings these; a directory stays when the commands have put something into it.
  for (const { path, stats } of inputs.reverse()) {
    if (!stats.isDirectory()) await files.removeTree(join(app, path))
    else await files.rmdir(join(app, path)).catch(whenInUse)
  }
  for (const name of await files.readdir(upper)) if (name !== 'app') await files.removeTree(join(upper, name))
  return artifacts
}

/** A session that serves what a lock has, out of the store or fetched again. */
export function replaySession(workshop: Workshop, artifacts: readonly Artifact[]): Session {
  const { blobs } = workshop.store
  const provide = async (artifact: Artifact) => {
    await fetchBlob(workshop, artifact, () => undefined)
    return blobs.path(digestOf(artifact))
  }
  return { mode: 'replay', artifacts, provide }
}

/** How a sandbox gets at its proxy: paths on the host. */
interface ProxyAccess {
  readonly socketPath: string
  readonly certificatePath: string
}

async function withProxy<Result>(
  work: LayerWork,
  session: Session,
  use: (proxy: LockingProxy, access: ProxyAccess) => Promise<Result>,
): Promise<Result> {
  const { builds } = pathsOf(work.workshop.instance)
  const access = { socketPath: join(builds, `${work.id}.sock`), certificatePath: join(builds, `${work.id}.pem`) }
  await files.mkdir(builds, { recursive: true })
  const proxy = await startLockingProxy({
    socketPath: access.socketPath,
    session,
    adapters,
    blobs: work.workshop.store.blobs,
    cacheDirectory: work.workshop.store.cache.workDirectory('registries'),
    onFetch: fetchReporter(work),
    onNotice: (message) => work.workshop.emit({ kind: 'notice', message }),
  })
  try {
    await files.writeFile(access.certificatePath, proxy.certificate)
    return await use(proxy, access)
  } catch (error) {
    throw explain(error, work, proxy)
  } finally {
    await proxy.close()
    for (const path of Object.values(access)) await files.removeTree(path)
  }
}

/** A package manager says that it could not get something; why is known here. */
function explain(error: unknown, { title }: LayerWork, { failure, missing }: LockingProxy): unknown {
  if (!(error instanceof Problem) || error.code !== 'build-failed') return error
  if (failure) return failure
  if (missing.length > 0) return notLocked({ title, missing, lines: error.text.lines ?? [] }, { cause: error })
  return error
}

async function layOutInputs(treeDir: string, app: string, inputs: readonly string[]): Promise<void> {
  if (inputs.includes('.')) await copyTree(treeDir, app, ['.git', '/venv', '/node_modules', '__pycache__'])
  else await copyFiles(treeDir, app, inputs)
}

function whenInUse(error: unknown): void {
  if (!files.hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error
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
