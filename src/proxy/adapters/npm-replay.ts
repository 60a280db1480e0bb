import { digestOf, type Artifact } from '../../model/lock.ts'
import { messageOf } from '../../model/problem.ts'
import type { BuildAnswer, BuildRequest, Shelf } from '../adapter.ts'
import { abbreviate, manifestOf, withoutDependencies } from './npm-manifest.ts'
import { newest, tagsOf, textsOf, type Fields } from './npm-packument.ts'
import { abbreviatedType, urlKey, type NpmRequest, type Reading } from './npm-requests.ts'
import { json } from './npm-services.ts'
import { readTarball } from './npm-tarball.ts'

type DocumentRequest = Extract<NpmRequest, { kind: 'document' }>

/** Answers from the npm packages of a lock. */
export class NpmReplay {
  readonly #byUrl = new Map<string, Artifact>()
  readonly #byName = new Map<string, Artifact[]>()
  readonly #manifests = new Map<Artifact, Promise<Fields>>()
  /** What packages of the lock can do without. */
  readonly #optional = new Set<string>()

  constructor(artifacts: readonly Artifact[]) {
    for (const artifact of artifacts) {
      const url = artifact.kind === 'npm' ? URL.parse(artifact.url) : null
      if (!url) continue
      this.#byUrl.set(urlKey(url), artifact)
      this.#byName.set(artifact.name, [...(this.#byName.get(artifact.name) ?? []), artifact])
    }
  }

  /** @returns undefined when the lock does not know the URL, and it does not look like one of npm's */
  async tarball({ url }: BuildRequest, wanted: NpmRequest | undefined, shelf: Shelf): Promise<BuildAnswer | undefined> {
    const byUrl = this.#byUrl.get(urlKey(url))
    if (!byUrl && wanted?.kind !== 'tarball') return undefined
    const artifact = byUrl ?? (wanted?.kind === 'tarball' ? this.#locked(wanted) : undefined)
    if (!artifact) return wanted?.kind === 'tarball' ? missing(`${wanted.name}@${wanted.version}`) : undefined
    await shelf.provide(artifact)
    return { status: 200, body: { blob: digestOf(artifact) } }
  }

  /** A lock file of a client may name another registry than the one that is used now. */
  #locked({ name, version }: Required<Reading>): Artifact | undefined {
    return this.#byName.get(name)?.find((artifact) => artifact.version === version)
  }

  /** @returns undefined when the lock knows no such package, and others but npm's clients ask like this */
  async document(request: BuildRequest, wanted: DocumentRequest, shelf: Shelf): Promise<BuildAnswer | undefined> {
    const { url } = request
    const type = wanted.isAbbreviated ? abbreviatedType : 'application/json'
    const whole = copesWithGaps(request) ? unchanged : (manifest: Fields) => this.#withoutGaps(manifest)
    const shown = wanted.isAbbreviated ? (manifest: Fields) => abbreviate(whole(manifest)) : whole
    for (const reading of wanted.readings) {
      const locked = this.#versions(reading.name, url)
      if (locked.length === 0) continue
      if (reading.version === undefined)
        return json(200, await this.#packument(reading.name, locked, { shelf, shown }), type)
      const artifact = chosen(reading.version, locked)
      if (!artifact) return missing(`${reading.name}@${reading.version}`)
      return json(200, shown(await this.#manifest(artifact, shelf)), type)
    }
    const [first] = wanted.readings
    return wanted.isCertain && first ? this.#unknown(nameOf(first)) : undefined
  }

  #unknown(name: string): BuildAnswer {
    return this.#optional.has(name) ? notLocked(name) : missing(name)
  }

  #withoutGaps(manifest: Fields): Fields {
    const names = Object.keys(textsOf(manifest['optionalDependencies']))
    return withoutDependencies(manifest, new Set(names.filter((name) => !this.#byName.has(name))))
  }

  /** One artifact a version: that of the registry which is asked, if it comes from several. */
  #versions(name: string, { origin }: URL): Artifact[] {
    const versions = new Map<string, Artifact>()
    for (const artifact of this.#byName.get(name) ?? []) {
      if (!versions.has(artifact.version) || artifact.url.startsWith(`${origin}/`))
        versions.set(artifact.version, artifact)
    }
    return [...versions.values()]
  }

  async #packument(name: string, locked: readonly Artifact[], { shelf, shown }: Showing): Promise<Fields> {
    const manifests = await Promise.all(locked.map((artifact) => this.#manifest(artifact, shelf)))
    const versions = locked.map(({ version }) => version)
    return {
      _id: name,
      name,
      'dist-tags': distTags(locked),
      versions: Object.fromEntries(versions.map((version, index) => [version, shown(manifests[index] ?? {})])),
      modified: published,
      time: Object.fromEntries(['created', 'modified', ...versions].map((version) => [version, published])),
    }
  }

  #manifest(artifact: Artifact, shelf: Shelf): Promise<Fields> {
    const known = this.#manifests.get(artifact)
    if (known) return known
    const made = readManifest(artifact, shelf)
    this.#manifests.set(artifact, made)
    made.then(
      ({ optionalDependencies }) =>
        Object.keys(textsOf(optionalDependencies)).forEach((name) => this.#optional.add(name)),
      () => this.#manifests.delete(artifact),
    )
    return made
  }
}

const unchanged = (manifest: Fields) => manifest

/**
 * Clients ask for the packages of all platforms, such as `@esbuild/darwin-arm64`, but download those of theirs: the others
 * are in no lock. npm, pnpm and bun go on without them; what packages list stays whole for these, because they copy it
 * into their own lock files. yarn would fail: it sees only what there is.
 */
function copesWithGaps({ headers }: BuildRequest): boolean {
  return /\b(?:npm|pnpm|bun)\/\d/i.test(headers['user-agent'] ?? '')
}

interface Showing {
  readonly shelf: Shelf
  readonly shown: (manifest: Fields) => Fields
}

/**
 * When every version was published. The lock knows no times, and clients that look for what is old enough (`--before`,
 * `minimumReleaseAge`) are to find all of it: npm's own time for files in packages, which is older than npm.
 */
const published = '1985-10-26T08:15:00.000Z'

async function readManifest(artifact: Artifact, shelf: Shelf): Promise<Fields> {
  const path = await shelf.provide(artifact)
  try {
    return manifestOf(artifact, await readTarball(path))
  } catch (cause) {
    const reason = messageOf(cause)
    throw new Error(`${artifact.name}@${artifact.version} in berth.lock is no npm package: ${reason}`, { cause })
  }
}

function distTags(locked: readonly Artifact[]): Record<string, string> {
  const latest = newest(locked.map(({ version }) => version))
  return { ...(latest === undefined ? {} : { latest }), ...tagsOf(locked) }
}

function chosen(wanted: string, locked: readonly Artifact[]): Artifact | undefined {
  const version = distTags(locked)[wanted] ?? wanted
  return locked.find((artifact) => artifact.version === version)
}

function nameOf({ name, version }: Reading): string {
  return version === undefined ? name : `${name}@${version}`
}

function missing(what: string): BuildAnswer {
  return { ...notLocked(what), missing: what }
}

function notLocked(what: string): BuildAnswer {
  return json(404, { error: `${what} is not in berth.lock; \`berth lock\` adds what the build needs` })
}
