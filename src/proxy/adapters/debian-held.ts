import { createHash } from 'node:crypto'
import { exists } from '../../host/files.ts'
import { digestOf, type Artifact } from '../../model/lock.ts'
import type { BuildAnswer, Recorder } from '../adapter.ts'
import { field, indexEntry } from './debian-control.ts'
import { readControls } from './debian-package.ts'
import type { Place } from './debian-place.ts'

/**
 * What an earlier lock has of Debian packages, as an archive of its own while a lock is renewed: a real archive has only
 * what is current, and its signed indexes pass as they are. apt is told of this one beside those that an image names, and
 * which versions it is to prefer.
 */

const host = 'held.berth.invalid'

/** Files that an image needs for as long as a lock is renewed, by their path; none when nothing is held. */
export function heldFiles(held: readonly Artifact[]): Readonly<Record<string, string>> {
  const debs = held.filter(({ kind }) => kind === 'deb')
  if (debs.length === 0) return {}
  // Below 1000: what an image already has is not put back to an older version (apt_preferences(5)).
  const pins = debs.map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 999\n`)
  return {
    '/etc/apt/sources.list.d/berth-held.list': `deb [trusted=yes] http://${host}/ ./\n`,
    '/etc/apt/preferences.d/berth-held': [...new Set(pins)].sort().join('\n'),
  }
}

/** Answers what apt asks of the archive of what is held; undefined for a place that is none of it. */
export async function answerHeld(place: Place, recorder: Recorder): Promise<BuildAnswer | undefined> {
  if (!place.startsWith(`${host}/`)) return undefined
  const path = place.slice(host.length + 1).replace(/^(\.\/)+/, '')
  const debs = await debsAtHand(recorder)
  const asked = debs.find((artifact) => path === pathOf(artifact))
  if (asked) {
    recorder.add(asked)
    return { status: 200, body: { blob: digestOf(asked) } }
  }
  const packages = await indexOf(debs, recorder)
  if (path === 'Packages') return { status: 200, body: packages }
  return path === 'Release' ? { status: 200, body: releaseOf(packages) } : { status: 404 }
}

async function debsAtHand(recorder: Recorder): Promise<Artifact[]> {
  const found: Artifact[] = []
  for (const artifact of recorder.held('deb')) if (await exists(recorder.path(artifact))) found.push(artifact)
  return found
}

async function indexOf(debs: readonly Artifact[], recorder: Recorder): Promise<string> {
  const controls = await readControls(debs, {
    artifacts: debs,
    provide: (artifact) => Promise.resolve(recorder.path(artifact)),
    notice: (message) => recorder.notice(message),
    cacheDirectory: () => recorder.cacheDirectory(),
    ssh: recorder.ssh,
  })
  const entries = debs.flatMap((artifact) => {
    const control = controls.get(artifact)
    if (control === undefined) return []
    const { size: Size, sha256: SHA256 } = artifact
    const Priority = field(control, 'Priority') ?? 'optional'
    return [indexEntry(control, { Priority, Filename: `./${pathOf(artifact)}`, Size, SHA256 })]
  })
  return entries.join('\n')
}

function pathOf({ sha256 }: Artifact): string {
  return `${sha256}.deb`
}

function releaseOf(packages: string): string {
  const sum = createHash('sha256').update(packages).digest('hex')
  const date = 'Thu, 01 Jan 1970 00:00:00 GMT'
  return [`Date: ${date}`, 'SHA256:', ` ${sum} ${Buffer.byteLength(packages)} Packages`, ''].join('\n')
}
