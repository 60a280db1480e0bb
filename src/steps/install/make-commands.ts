import { join } from 'node:path'
import { hostCertificates } from '../../host/tls.ts'
import * as files from '../../host/files.ts'
import { pathsOf } from '../../host/instance.ts'
import { listTree } from '../../host/tree.ts'
import { buildUser } from '../../isolation/build-config.ts'
import { buildProxyUrl } from '../../isolation/build-sandbox.ts'
import type { LayerPlan } from '../../model/plan.ts'
import { startBuildProxy, type Fetch } from '../../proxy/build-proxy.ts'
import { copyFiles, copyTree } from './copy-tree.ts'
import { runInSandbox, type LayerWork } from './layer-work.ts'

const certificatesInside = '/run/berth/certificates.pem'

/**
 * What commands of a package manager leave in the application's directory. They are foreign code: they run without
 * privileges, and their only way out is the proxy.
 */
export async function makeCommands(work: LayerWork, plan: Extract<LayerPlan, { kind: 'commands' }>): Promise<void> {
  const { workshop, upper } = work
  for (const message of plan.notices ?? []) workshop.emit({ kind: 'notice', message })
  const app = join(upper, 'app')
  await files.mkdir(app, { mode: 0o755 })
  await layOutInputs(workshop.treeDir, app, plan.inputs)
  const inputs = (await listTree(app)).filter(({ path }) => path !== '')
  for (const { path } of await listTree(app)) await files.lchown(join(app, path), buildUser, buildUser)

  const socketPath = join(pathsOf(workshop.instance).builds, `${work.id}.sock`)
  await files.mkdir(pathsOf(workshop.instance).builds, { recursive: true })
  const proxy = await startBuildProxy({ socketPath, onFetch: fetchReporter(work) })
  const certificates = await hostCertificates()
  try {
    await runInSandbox(work, {
      role: 'commands',
      cwd: '/app',
      proxySocket: socketPath,
      binds: certificates === undefined ? [] : [{ source: certificates, target: certificatesInside }],
      commands: plan.commands.map(({ argv, env }) => ({ argv, env: { ...clientEnvironment(certificates), ...env } })),
    })
  } finally {
    await proxy.close()
    await files.removeTree(socketPath)
  }
  // The layer of the source brings these; a directory stays when the commands have put something into it.
  for (const { path, stats } of inputs.reverse()) {
    if (!stats.isDirectory()) await files.removeTree(join(app, path))
    else await files.rmdir(join(app, path)).catch(whenInUse)
  }
  for (const name of await files.readdir(upper)) if (name !== 'app') await files.removeTree(join(upper, name))
}

async function layOutInputs(treeDir: string, app: string, inputs: readonly string[]): Promise<void> {
  if (inputs.includes('.')) await copyTree(treeDir, app, ['.git', '/venv', '/node_modules', '__pycache__'])
  else await copyFiles(treeDir, app, inputs)
}

function whenInUse(error: unknown): void {
  if (!files.hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error
}

/** Each package manager has its own names for the same three things. */
function clientEnvironment(certificates: string | undefined): Record<string, string> {
  const proxies = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']
  const bundles = ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'npm_config_cafile']
  return {
    ...Object.fromEntries(proxies.map((name) => [name, buildProxyUrl])),
    ...(certificates === undefined ? {} : Object.fromEntries(bundles.map((name) => [name, certificatesInside]))),
  }
}

/** Says what a build fetches: bytes by host as progress, each refusal as a notice. */
function fetchReporter({ workshop }: LayerWork): (fetch: Fetch) => void {
  const bytes = new Map<string, number>()
  let lastReport = 0
  return ({ host, bytes: more, refused }) => {
    if (refused !== undefined) workshop.emit({ kind: 'notice', message: `The build asked for ${host}: ${refused}` })
    const done = (bytes.get(host) ?? 0) + more
    bytes.set(host, done)
    if (more === 0 || Date.now() - lastReport < 200) return
    lastReport = Date.now()
    workshop.emit({ kind: 'progress', step: 'install', what: `from ${host}`, done, unit: 'bytes' })
  }
}
