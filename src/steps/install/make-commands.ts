import { join } from 'node:path'
import * as files from '../../host/files.ts'
import { listTree } from '../../host/tree.ts'
import { buildUser, unprivileged } from '../../isolation/build/config.ts'
import type { Artifact } from '../../model/lock.ts'
import type { LayerPlan } from '../../model/plan.ts'
import type { Session } from '../../proxy/session.ts'
import { clientEnvironment, insideDirectory } from './client-environment.ts'
import { copyFiles, copyTree } from './copy-tree.ts'
import { runInSandbox, type LayerWork } from './layer-work.ts'

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
  // Loaded when something is built: the daemon serves for months without.
  const { withProxy } = await import('./with-proxy.ts')
  const artifacts = await withProxy(work, session, async (proxy, access) => {
    await runInSandbox(work, {
      runAs: unprivileged,
      cwd: '/app',
      proxySocket: access.socketPath,
      mounts: [{ kind: 'bind', source: access.filesDirectory, target: insideDirectory }],
      commands: plan.commands.map(({ argv, env }) => ({ argv, env: { ...clientEnvironment(session), ...env } })),
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

async function layOutInputs(treeDir: string, app: string, inputs: readonly string[]): Promise<void> {
  if (inputs.includes('.')) await copyTree(treeDir, app, ['.git', '/venv', '/node_modules', '__pycache__'])
  else await copyFiles(treeDir, app, inputs)
}

function whenInUse(error: unknown): void {
  if (!files.hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error
}
