import { posix } from 'node:path'
import { join } from 'node:path'
import * as files from '../../../host/files.ts'
import type { BuildMount } from '../../../isolation/build/config.ts'
import type { BuildSandbox } from '../../../isolation/build/sandbox.ts'
import type { Artifact } from '../../../model/lock.ts'
import type { Session } from '../../../proxy/session.ts'
import { clientEnvironment, insideDirectory } from '../client-environment.ts'
import type { RunAction } from '../dockerfile/action.ts'
import { runOne, withSandbox, type LayerWork } from '../layer-work.ts'
import { recompileByteCode } from '../recompile.ts'
import type { ProxyAccess } from '../with-proxy.ts'
import { accountIn } from './accounts.ts'
import { dropAuthority, layerWithAuthority } from './authority-layer.ts'
import { heldMounts } from './held-debs.ts'
import { MountPoints } from './mount-points.ts'
import { prepareMounts, type MountSources, type PreparedMounts } from './run-mounts.ts'

/**
 * Carries out a `RUN`: the command may write anywhere in the image, and what it writes is the layer. Its only way out is
 * the proxy.
 * @returns what it fetched, when the session records.
 */
export async function makeRun(
  work: LayerWork,
  action: RunAction,
  { session: wanted, sources: all }: { readonly session: Session; readonly sources: Omit<MountSources, 'needsKeys'> },
): Promise<readonly Artifact[]> {
  const sshIds = action.mounts.flatMap((mount) => (mount.kind === 'ssh' ? [mount.id] : []))
  const session = { ...wanted, sshIds }
  const sources = { ...all, needsKeys: session.mode === 'record' }
  if (action.network === 'none') {
    await execute(work, action, { sources, online: undefined })
    return []
  }
  if (session.mode === 'record') tellOfScans(work, action)
  const { withProxy } = await import('../with-proxy.ts')
  return withProxy(work, session, async (proxy, access) => {
    const below = await layerWithAuthority(work, proxy.certificate)
    const online = {
      access,
      environment: clientEnvironment(session),
      mounts: await heldMounts(work.directory, session),
    }
    await execute({ ...work, below }, action, { sources, online })
    await dropAuthority(work.upper, proxy.certificate)
    return proxy.artifacts
  })
}

/** Many Dockerfiles write keys of servers down before they fetch over ssh, which fails where there is no network. */
function tellOfScans({ workshop, title }: LayerWork, { argv, script }: RunAction): void {
  if (!/\bssh-keyscan\b/.test([...argv, script?.content].join(' '))) return
  const message = `${title}: ssh-keyscan reaches nothing in a build, and git needs nothing of it; remove it, or end it with \`|| true\``
  workshop.emit({ kind: 'notice', message })
}

type Variables = Readonly<Record<string, string>>

interface Execution {
  readonly sources: MountSources
  /** Undefined for a command that has no way out at all. */
  readonly online: Online | undefined
}

interface Online {
  readonly access: ProxyAccess
  readonly environment: Variables
  readonly mounts: readonly BuildMount[]
}

async function execute(work: LayerWork, action: RunAction, { sources, online }: Execution): Promise<void> {
  const prepared = await prepareMounts(work, action.mounts, sources)
  const mounts: BuildMount[] = [
    ...(online ? [{ kind: 'bind' as const, source: online.access.filesDirectory, target: insideDirectory }] : []),
    ...(online?.mounts ?? []),
    ...prepared.mounts,
    ...(action.script ? [await scriptMount(work, action.script)] : []),
  ]
  const points = new MountPoints(work.upper)
  const outline = { mounts, hasScratch: false, ...(online ? { proxySocket: online.access.socketPath } : {}) }
  try {
    await withSandbox(work, outline, async (sandbox) => {
      await points.remember(sandbox.root, [...mounts.map(({ target }) => target), ...systemTargets])
      await runAction(work, sandbox, { action, prepared, client: online?.environment ?? {} })
      await recompileByteCode(work, sandbox)
    })
  } finally {
    await prepared.close()
  }
  await points.remove()
}

/** Where every sandbox has something of its own; an image that begins with nothing has none of these directories. */
const systemTargets = ['/proc', '/sys', '/dev', '/dev/pts', '/dev/shm']

async function runAction(
  work: LayerWork,
  sandbox: BuildSandbox,
  { action, prepared, client }: { action: RunAction; prepared: PreparedMounts; client: Variables },
): Promise<void> {
  const account = await accountIn(sandbox.root, action.user)
  const env = {
    HOME: account.home,
    ...prepared.defaults,
    ...action.environment,
    ...prepared.environment,
    // The image's own variables must not lead past the proxy.
    ...client,
  }
  const { argv, workdir: cwd } = action
  await runOne(work, sandbox, { runAs: account, cwd, isTitled: true }, { argv, env })
}

async function scriptMount(work: LayerWork, { path, content }: NonNullable<RunAction['script']>): Promise<BuildMount> {
  const source = join(work.directory, 'script')
  await files.writeFile(source, content, { mode: 0o755 })
  await files.chmod(source, 0o755)
  return { kind: 'bind', source, target: posix.normalize(path) }
}
