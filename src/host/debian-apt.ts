import { join } from 'node:path'
import { CommandFailed, runCommand } from './command.ts'
import * as files from './files.ts'

/** A package as apt chose it: what identifies it is the hash. */
export interface Deb {
  readonly name: string
  readonly version: string
  readonly url: string
  readonly bytes: number
  readonly sha256: string
}

export interface AptSources {
  readonly architecture: string
  readonly keyring: string
  /** The pockets of one Debian release, such as `bookworm`, `bookworm-updates` and `bookworm-security`. */
  readonly pockets: readonly { readonly url: string; readonly suite: string }[]
  /** Whether they are as they were some time ago, and were meant for then. */
  readonly isPast?: boolean
}

/** apt said that it cannot do what was asked; `lines` are its words. */
export class AptRefused extends Error {
  readonly lines: readonly string[]
  constructor(error: CommandFailed) {
    super(error.message, { cause: error })
    this.name = 'AptRefused'
    const said = error.stderr.split('\n').filter((line) => /^[EW]:|^ /.test(line))
    this.lines = said.length > 0 ? said : [error.message]
  }
}

/**
 * apt of the host in a root of its own: it resolves for another Debian release, and touches nothing of the host's.
 * Signatures are checked with Debian's keyring alone.
 */
export class PrivateApt {
  readonly #root: string
  readonly #sources: AptSources

  constructor(root: string, sources: AptSources) {
    this.#root = root
    this.#sources = sources
  }

  /** Fetches the package lists and checks their signatures. @throws AptRefused */
  async update(signal: AbortSignal): Promise<void> {
    await this.#writeConfiguration()
    await this.#apt(['apt-get', 'update', '--error-on=any'], signal)
  }

  /**
   * The packages that installing `names` would add to what is installed already.
   * @param have `status`: the dpkg status file of what is there; empty for nothing. `pins`: versions to keep to, as long
   *   as the archive has them.
   * @throws AptRefused when a name is unknown or the dependencies cannot be met.
   */
  async resolve(
    names: readonly string[],
    have: { readonly status: string; readonly pins: readonly Pick<Deb, 'name' | 'version'>[] },
    signal: AbortSignal,
  ): Promise<Deb[]> {
    await this.#writeConfiguration()
    await files.writeFile(join(this.#root, 'status'), have.status)
    await files.writeFile(join(this.#root, 'preferences'), have.pins.map(preference).join('\n'))
    const { stdout } = await this.#apt(['apt-get', 'install', '--yes', '--print-uris', '--quiet=2', ...names], signal)
    return parsePrintedUris(stdout)
  }

  /**
   * The version of each package that would be installed where there is nothing.
   * @returns without those that the lists do not have
   */
  async candidates(names: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
    await this.#writeConfiguration()
    for (const name of ['status', 'preferences']) await files.writeFile(join(this.#root, name), '')
    const { stdout } = await this.#apt(['apt-cache', 'policy', ...names], signal)
    return parsePolicy(stdout)
  }

  /** Names of packages that resemble `name`. */
  async similar(name: string, signal: AbortSignal): Promise<string[]> {
    const stem = name.replace(/[0-9.+-]*$/, '').slice(0, 40)
    if (stem.length < 3) return []
    const { stdout } = await this.#apt(['apt-cache', 'pkgnames', stem], signal)
    return stdout.split('\n').filter(Boolean).sort().slice(0, 5)
  }

  /** Whether the lists have a package of that name. */
  async knows(name: string, signal: AbortSignal): Promise<boolean> {
    const { stdout } = await this.#apt(['apt-cache', 'show', '--no-all-versions', name], signal, [0, 100])
    return stdout.includes('Package:')
  }

  async #apt(
    argv: readonly [string, ...string[]],
    signal: AbortSignal,
    allowCodes: readonly number[] = [0],
  ): Promise<{ stdout: string }> {
    try {
      const env = { APT_CONFIG: join(this.#root, 'apt.conf') }
      return await runCommand(argv, { env, signal, allowCodes, timeoutSeconds: 300 })
    } catch (error) {
      if (error instanceof CommandFailed) throw new AptRefused(error)
      throw error
    }
  }

  async #writeConfiguration(): Promise<void> {
    for (const name of ['lists/partial', 'archives/partial', 'empty']) {
      await files.mkdir(join(this.#root, name), { recursive: true })
    }
    await files.writeFile(join(this.#root, 'sources.list'), this.#sourcesList())
    await files.writeFile(join(this.#root, 'apt.conf'), this.#configuration())
  }

  #sourcesList(): string {
    const { keyring, pockets } = this.#sources
    return pockets.map(({ url, suite }) => `deb [signed-by=${keyring}] ${url} ${suite} main\n`).join('')
  }

  #configuration(): string {
    const root = this.#root
    const settings = {
      'APT::Architecture': this.#sources.architecture,
      'APT::Install-Recommends': 'false',
      'APT::Sandbox::User': 'root',
      'Acquire::ForceHash': 'sha256',
      'Acquire::Check-Valid-Until': String(this.#sources.isPast !== true),
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
      'Dir::State': root,
      'Dir::State::lists': join(root, 'lists'),
      'Dir::State::status': join(root, 'status'),
      'Dir::Cache': root,
      'Dir::Cache::archives': join(root, 'archives'),
      'Dir::Etc::sourcelist': join(root, 'sources.list'),
      // Nothing of the host's own configuration: its hooks would run, its preferences would choose other versions.
      'Dir::Etc::sourceparts': join(root, 'empty'),
      'Dir::Etc::parts': join(root, 'empty'),
      'Dir::Etc::main': '/dev/null',
      'Dir::Etc::preferences': join(root, 'preferences'),
      'Dir::Etc::preferencesparts': join(root, 'empty'),
      'Dir::Etc::trusted': '/dev/null',
      'Dir::Etc::trustedparts': join(root, 'empty'),
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
    return `${lines.join('')}#clear APT::Architectures;\nAPT::Architectures:: "${this.#sources.architecture}";\n`
  }
}

/** Above 1000 a version is taken even when it is a downgrade (apt_preferences(5)). */
function preference({ name, version }: Pick<Deb, 'name' | 'version'>): string {
  return `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`
}

/** Reads the candidates that `apt-cache policy` lists. */
export function parsePolicy(text: string): Map<string, string> {
  const candidates = new Map<string, string>()
  let name = ''
  for (const line of text.split('\n')) {
    name = /^([a-z0-9][a-z0-9+.-]*):(?:[a-z0-9-]+:)?$/.exec(line)?.[1] ?? name
    const version = /^ {2}Candidate: (\S+)$/.exec(line)?.[1]
    if (version !== undefined && version !== '(none)') candidates.set(name, version)
  }
  return candidates
}

/** Reads the lines of `apt-get --print-uris`: `'URL' FILE SIZE SHA256:HASH`. */
export function parsePrintedUris(text: string): Deb[] {
  return text.split('\n').flatMap((line) => {
    const match = /^'([^']+)' (\S+) ([0-9]+) SHA256:([0-9a-f]{64})$/.exec(line.trim())
    if (!match) return []
    const [, url = '', file = '', bytes = '', sha256 = ''] = match
    const [name = '', version = ''] = file.split('_')
    return [{ name, version: decodeURIComponent(version), url, bytes: Number(bytes), sha256 }]
  })
}
