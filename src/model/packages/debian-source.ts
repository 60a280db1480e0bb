/** What the address of a Debian package says beside its name: Debian's archives all have the same layout. */

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
