import { dirname, join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import * as files from '../../host/files.ts'
import { hexOf } from '../../model/names.ts'
import type { NpmArchive } from '../../model/plan.ts'
import { fetchBlob } from './fetch.ts'
import type { ResolvedArchive } from './resolve-archive.ts'
import type { LayerWork } from './layer-work.ts'

/** Files out of an npm package, at the places that the plan names. */
export async function makeArchive(work: LayerWork, archive: NpmArchive, resolved: ResolvedArchive): Promise<void> {
  const { blobs } = work.workshop.store
  await fetchBlob(work.workshop, { url: resolved.url, sha256: hexOf(resolved.digest) }, () => undefined)
  await blobs.verify(resolved.digest)
  const unpacked = join(work.directory, 'unpacked')
  await files.mkdir(unpacked)
  const archiveFile = `--file=${blobs.path(resolved.digest)}`
  await runCommand(['tar', '--extract', '--gzip', archiveFile, `--directory=${unpacked}`, '--no-same-owner'], {
    signal: work.workshop.signal,
  })
  for (const { from, to } of archive.take) {
    await files.mkdir(join(work.upper, dirname(to)), { recursive: true, mode: 0o755 })
    await files.rename(join(unpacked, from), join(work.upper, to))
  }
  await runCommand(['chmod', '--recursive', 'u=rwX,go=rX', work.upper])
}
