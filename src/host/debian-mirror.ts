import { CommandFailed, runCommand } from './command.ts'

/** Where the packages of Debian come from: what this host's own apt uses. */
export interface DebianMirror {
  /** With a slash at the end. */
  readonly main: string
  /** The archive of security updates, which is another one. */
  readonly security?: string
}

const debianReleases = /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(-|\/|$)/

/**
 * Asks the host's apt for its Debian sources. BERTH_DEBIAN_MIRROR (and BERTH_DEBIAN_SECURITY_MIRROR) name others.
 * @returns undefined when the host knows none.
 */
export async function findDebianMirror(environment: NodeJS.ProcessEnv): Promise<DebianMirror | undefined> {
  const named = environment['BERTH_DEBIAN_MIRROR']
  const security = environment['BERTH_DEBIAN_SECURITY_MIRROR']
  if (named) return { main: withSlash(named), ...(security ? { security: withSlash(security) } : {}) }
  return parseMirror(await indexTargets())
}

async function indexTargets(): Promise<string> {
  try {
    const argv = [
      'apt-get',
      'indextargets',
      '--format',
      '$(ORIGIN)|$(RELEASE)|$(REPO_URI)',
      'Identifier: Packages',
    ] as const
    return (await runCommand(argv)).stdout
  } catch (error) {
    if (error instanceof CommandFailed) return '' // a host without apt
    throw error
  }
}

/** Reads lines of `origin|release|URI`. The origin is empty while the host's lists have never been fetched. */
export function parseMirror(lines: string): DebianMirror | undefined {
  const sources = lines
    .split('\n')
    .map((line) => line.split('|'))
    .filter(
      ([origin = '', release = '']) => origin === 'Debian' || (!/^\w/.test(origin) && debianReleases.test(release)),
    )
    .map(([, release = '', uri = '']) => ({
      uri: withSlash(uri),
      isSecurity: /[-/]security$|\/updates$/.test(release),
    }))
  const main = sources.find((source) => !source.isSecurity)?.uri
  const security = sources.find((source) => source.isSecurity)?.uri
  return main === undefined ? undefined : { main, ...(security === undefined ? {} : { security }) }
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}
