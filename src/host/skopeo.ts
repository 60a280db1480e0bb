import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandFailed, runCommand } from './command.ts'
import { exists } from './files.ts'
import { findProgram } from './programs.ts'

/**
 * Images of registries, by skopeo(1), which knows their protocols, their ways to log in, and what this host says of them:
 * registries.conf(5) (mirrors, and registries without TLS), auth.json(5), policy.json(5).
 */

export interface Asking {
  /** Go's name of the processor. */
  readonly architecture: string
  readonly signal: AbortSignal
}

export interface Copying extends Asking {
  /** Gets how many files are under way or done. */
  readonly onFile?: (count: number) => void
}

/** A registry did not give what was asked for. */
export class RegistryFailure extends Error {
  /** `refused`: the registry answered, and asking again will not help. */
  readonly kind: 'unreachable' | 'refused'

  constructor(kind: RegistryFailure['kind'], reason: string, options: ErrorOptions) {
    super(reason, options)
    this.name = 'RegistryFailure'
    this.kind = kind
  }
}

/**
 * The whole name of an image, with its registry, and without tag and digest: `python:3.12` has the one that Docker means.
 * @throws RegistryFailure
 */
export async function nameOfImage(reference: string, asking: Asking): Promise<string> {
  const { stdout } = await skopeo(
    ['inspect', '--no-tags', '--format', '{{.Name}}', `docker://${reference}`],
    asking,
    () => undefined,
  )
  return stdout.trim()
}

/**
 * What a name stands for in its registry: an image's manifest, or a list with one for each processor.
 * @throws RegistryFailure
 */
export async function readRawManifest(reference: string, asking: Asking): Promise<string> {
  const { stdout } = await skopeo(['inspect', '--raw', `docker://${reference}`], asking, () => undefined)
  return stdout
}

/**
 * Fetches the image for one processor, as it is in the registry: `manifest.json`, and each blob under the hexadecimal
 * digits of its digest.
 * @param directory Is made.
 * @throws RegistryFailure, also for what is not what its digest says
 */
export async function copyImage(reference: string, directory: string, copying: Copying): Promise<void> {
  const argv = ['copy', '--preserve-digests', `docker://${reference}`, `dir:${directory}`] as const
  let count = 0
  await skopeo(argv, copying, (line) => {
    if (/^Copying (blob|config) /.test(line)) copying.onFile?.((count += 1))
  })
}

const secondsAllowed = 3600

/** Characters; registries themselves refuse manifests of more than 4 MiB (OCI distribution-spec, "Pushing Manifests"). */
const mostOutput = 8 * 1024 ** 2

async function skopeo(
  [command, ...rest]: readonly [string, ...string[]],
  { architecture, signal }: Asking,
  onLine: (line: string) => void,
) {
  const platform = ['--override-os', 'linux', '--override-arch', architecture]
  const argv = ['skopeo', ...(await policy()), ...platform, command, '--retry-times', '2', ...rest] as const
  try {
    return await runCommand(argv, {
      ...{ signal, onLine, env: environment(), timeoutSeconds: secondsAllowed },
      keepLast: mostOutput,
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof CommandFailed)) throw error
    if ((await findProgram('skopeo')) === undefined) {
      throw new RegistryFailure('unreachable', 'skopeo is not installed: `apt-get install skopeo`', { cause: error })
    }
    throw explain(error)
  }
}

/** Nobody has said whose images may be used: those that a build names. */
async function policy(): Promise<string[]> {
  const paths = [join(homedir(), '.config/containers/policy.json'), '/etc/containers/policy.json']
  for (const path of paths) if (await exists(path)) return []
  return ['--insecure-policy']
}

const passed = [
  ...['CONTAINERS_REGISTRIES_CONF', 'REGISTRY_AUTH_FILE', 'XDG_RUNTIME_DIR', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
]

/** What says how this host's administrator is known to registries, and how they are reached. */
function environment(): Record<string, string> {
  const values = passed.flatMap((name): [string, string][] => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...Object.fromEntries(values), HOME: homedir() }
}

/** skopeo has one exit code for everything, so its words have to say whether the registry answered. */
const refusals =
  /unauthorized|authentication required|denied|manifest unknown|name unknown|not found|rejected|no image found|did not match|reference format/i

function explain(failure: CommandFailed): RegistryFailure {
  const said = failure.stderr.split('\n').flatMap((line) => /level=(?:fatal|error) msg=(".*")$/.exec(line)?.[1] ?? [])
  const reason = said.length === 0 ? failure.message : plain(said.at(-1) ?? '')
  return new RegistryFailure(refusals.test(reason) ? 'refused' : 'unreachable', reason, { cause: failure })
}

/** Go quotes much as JSON does; what is before the reason repeats the reference. */
function plain(quoted: string): string {
  const text = quoted.slice(1, -1).replaceAll(/\\(["\\])/g, '$1')
  return text.replace(/^(?:Error parsing image name|initializing source) \S+:\s/, '').slice(0, 1000)
}
