import { dirname, join } from 'node:path'
import * as files from '../../../host/files.ts'
import type { BuildMount } from '../../../isolation/build/config.ts'
import type { Artifact } from '../../../model/lock.ts'
import { Problem } from '../../../model/problem.ts'
import { heldFiles } from '../../../proxy/adapters/debian-held.ts'
import type { Session } from '../../../proxy/session.ts'
import { fetchBlob } from '../fetch.ts'
import type { Workshop } from '../workshop.ts'

/** Debian packages that are to stay what an earlier lock says, while the commands of a Dockerfile are recorded anew. */

/**
 * What is held, without the packages that come of the same source as one that may move: they depend on each other's very
 * version, and lie in one directory of their archive.
 */
export function withoutSiblings(held: readonly Artifact[], previous: readonly Artifact[]): Artifact[] {
  const isHeld = new Set(held)
  const moving = previous.filter((artifact) => artifact.kind === 'deb' && !isHeld.has(artifact))
  const places = new Set(moving.map(({ url }) => dirname(url)).filter((place) => place.includes('/pool/')))
  return held.filter(({ kind, url }) => kind !== 'deb' || !places.has(dirname(url)))
}

const atOnce = 4

/** Gets them into the store: the archive may have only newer ones. What cannot be had is not held. */
export async function fetchHeld(workshop: Workshop, held: readonly Artifact[]): Promise<void> {
  const waiting = held.filter(({ kind }) => kind === 'deb').values()
  const work = async () => {
    for (const artifact of waiting) {
      await fetchBlob(workshop, artifact, () => undefined).catch((error: unknown) => {
        workshop.signal.throwIfAborted()
        if (!(error instanceof Problem)) throw error
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

/** What tells the image's apt of them. */
export async function heldMounts(directory: string, session: Session): Promise<BuildMount[]> {
  if (session.mode !== 'record') return []
  const mounts: BuildMount[] = []
  for (const [target, content] of Object.entries(heldFiles(session.held))) {
    const source = join(directory, `held-${mounts.length}`)
    await files.writeFile(source, content)
    await files.chmod(source, 0o644)
    mounts.push({ kind: 'bind', source, target })
  }
  return mounts
}
