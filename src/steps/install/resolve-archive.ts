import { maxSatisfying } from 'semver'
import { z } from 'zod'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { downloadText, DownloadRefused } from '../../host/download.ts'
import type { Digest } from '../../model/names.ts'
import type { NpmArchive } from '../../model/plan.ts'
import { downloadFailed, npmPackageMissing, npmRegistryUnknown } from '../../model/problems/install.ts'
import { fetchWithIntegrity } from './fetch.ts'
import type { Workshop } from './workshop.ts'

export interface ResolvedArchive {
  readonly version: string
  readonly url: string
  readonly bytes: number
  readonly digest: Digest
}

/** What berth reads of an abbreviated packument (npm registry, docs/responses/package-metadata.md). */
const Packument = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url(), integrity: z.string() }) })),
})

/**
 * The highest version of an npm package in its range, fetched and checked.
 * @throws npmPackageMissing, npmRegistryUnknown, downloadFailed, hashMismatch
 */
export async function resolveArchive(workshop: Workshop, archive: NpmArchive): Promise<ResolvedArchive> {
  const registry = await npmRegistry()
  const { versions } = await packument(workshop, registry, archive)
  const version = maxSatisfying(Object.keys(versions), archive.range)
  const dist = version === null ? undefined : versions[version]?.dist
  if (version === null || !dist) throw npmPackageMissing({ ...archive, registry })
  let bytes = 0
  const file = { url: dist.tarball, integrity: dist.integrity }
  const digest = await fetchWithIntegrity(workshop, file, (more) => (bytes += more))
  workshop.emit({ kind: 'progress', step: 'install', what: archive.name, done: bytes, total: bytes, unit: 'bytes' })
  return { version, url: dist.tarball, bytes, digest }
}

/** The registry that the host's npm uses. @throws npmRegistryUnknown */
export async function npmRegistry(): Promise<string> {
  const named = process.env['BERTH_NPM_REGISTRY'] ?? (await configuredRegistry())
  const url = URL.parse(named)
  if (!url) throw npmRegistryUnknown({})
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

async function configuredRegistry(): Promise<string> {
  // npm may be installed for this user only, and so may its configuration be.
  const { PATH, HOME } = process.env
  const env = { ...(PATH === undefined ? {} : { PATH }), ...(HOME === undefined ? {} : { HOME }) }
  try {
    return (await runCommand(['npm', 'config', 'get', 'registry'], { env, cwd: '/' })).stdout.trim()
  } catch (error) {
    if (error instanceof CommandFailed) throw npmRegistryUnknown({}, { cause: error })
    throw error
  }
}

async function packument(
  workshop: Workshop,
  registry: string,
  archive: NpmArchive,
): Promise<z.infer<typeof Packument>> {
  const url = registry + archive.name.replace('/', '%2f')
  const headers = { accept: 'application/vnd.npm.install-v1+json' }
  try {
    return Packument.parse(JSON.parse(await downloadText(url, { headers, signal: workshop.signal })))
  } catch (error) {
    workshop.signal.throwIfAborted()
    if (error instanceof DownloadRefused && error.status === 404) throw npmPackageMissing({ ...archive, registry })
    throw downloadFailed({ url, reason: error instanceof Error ? error.message : 'no answer' }, { cause: error })
  }
}
