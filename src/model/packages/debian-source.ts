import type { Lock } from '../lock.ts'

/** What the address of a Debian package says beside its name, as Debian's archives all have the same layout; and its release. */

/** The source package that a binary one was built from (Debian, "pool": `pool/AREA/PREFIX/SOURCE/FILE`). */
export function sourcePackageOf(url: string): string | undefined {
  return /\/pool\/(?:updates\/)?[^/]+\/(?:lib)?[^/]{1,4}\/([^/]+)\/[^/]+\.deb$/.exec(decoded(url))?.[1]
}

/** The processor that a file is for; `all` for any. */
export function packageArchitecture(url: string): string | undefined {
  return /_([a-z0-9-]+)\.deb$/.exec(decoded(url))?.[1]
}

/** The text of a part of an address; as it is where it has no text. */
export function decoded(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}

/** Debian's releases by the first number of their `base-files` (Debian, "DebianReleases"). */
const suitesByNumber: Readonly<Record<string, string>> = { 11: 'bullseye', 12: 'bookworm', 13: 'trixie', 14: 'forky' }

/** The Debian release that a lock is for: as the manifest says, or as its packages tell. */
export function suiteOf({ inputs, artifacts }: Pick<Lock, 'inputs' | 'artifacts'>): string | undefined {
  const base = inputs.find(({ file, name }) => file === 'berth.toml' && name === 'base')?.value
  if (base?.startsWith('debian:')) return base.slice('debian:'.length)
  const files = artifacts.find(({ kind, name }) => kind === 'deb' && name === 'base-files')
  return suitesByNumber[/^\d+/.exec(files?.version ?? '')?.[0] ?? '']
}
