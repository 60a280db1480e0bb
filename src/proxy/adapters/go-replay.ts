import { digestOf, type Artifact } from '../../model/lock.ts'
import type { BuildAnswer, Shelf } from '../adapter.ts'
import { goText, notFound } from './go-answers.ts'
import { LockedChecksums } from './go-checksums.ts'
import { readGoRequest, timeOfPseudoVersion, type GoRequest, type ModuleRequest } from './go-requests.ts'
import { latestOf, listOf, type Info } from './go-versions.ts'

interface Version {
  mod?: Artifact
  zip?: Artifact
  readonly tags: Set<string>
}

/** Answers from the Go modules of a lock. */
export class GoReplay {
  readonly #modules = new Map<string, Map<string, Version>>()
  readonly #checksums: LockedChecksums

  constructor(artifacts: readonly Artifact[]) {
    for (const artifact of artifacts) if (artifact.kind === 'go') this.#add(artifact)
    this.#checksums = new LockedChecksums(artifacts)
  }

  #add(artifact: Artifact): void {
    const url = URL.parse(artifact.url)
    const file = url ? readGoRequest(url) : undefined
    if (file?.kind !== 'mod' && file?.kind !== 'zip') return
    const versions = this.#modules.get(artifact.name) ?? new Map<string, Version>()
    this.#modules.set(artifact.name, versions)
    const known = versions.get(artifact.version) ?? { tags: new Set<string>() }
    versions.set(artifact.version, known)
    known[file.kind] = artifact
    for (const tag of artifact.tags ?? []) known.tags.add(tag)
  }

  answer(wanted: GoRequest, shelf: Shelf): Promise<BuildAnswer> {
    if (wanted.kind === 'checksums') return this.#checksums.answer(wanted, shelf)
    const versions = this.#modules.get(wanted.module)
    return versions ? answerFrom(versions, wanted, shelf) : Promise.resolve(this.#unknown(wanted))
  }

  /** For a package that no module of a build has, `go` tries every part of its path as a module. */
  #unknown({ module, ...wanted }: ModuleRequest): BuildAnswer {
    const isTrial = [...this.#modules.keys()].some(
      (known) => known.startsWith(`${module}/`) || module.startsWith(`${known}/`),
    )
    const answer = notFound(module, 'it is not in berth.lock; `berth lock` adds what the build needs')
    if (isTrial) return answer
    return { ...answer, missing: 'version' in wanted ? `${module}@${wanted.version}` : module }
  }
}

async function answerFrom(
  versions: ReadonlyMap<string, Version>,
  wanted: ModuleRequest,
  shelf: Shelf,
): Promise<BuildAnswer> {
  switch (wanted.kind) {
    case 'list':
      return goText(200, listOf([...versions.keys()]))
    case 'latest':
      return info(named(versions, 'latest') ?? latestOf([...versions.keys()]), wanted)
    case 'info':
      return info(versions.has(wanted.version) ? wanted.version : named(versions, wanted.version), wanted)
    case 'mod':
    case 'zip': {
      const artifact = versions.get(wanted.version)?.[wanted.kind]
      if (!artifact) return missing(wanted)
      await shelf.provide(artifact)
      return { status: 200, body: { blob: digestOf(artifact) } }
    }
    default:
      return wanted satisfies never
  }
}

/** The version that a branch or `latest` stood for. */
function named(versions: ReadonlyMap<string, Version>, tag: string): string | undefined {
  return latestOf([...versions].filter(([, { tags }]) => tags.has(tag)).map(([version]) => version))
}

/** No time is told but that which a version says itself: `go` takes it as unknown, and compares nothing with it. */
function info(version: string | undefined, wanted: ModuleRequest): BuildAnswer {
  if (version === undefined) return missing(wanted)
  const time = timeOfPseudoVersion(version)
  const answer: Info = { Version: version, ...(time === undefined ? {} : { Time: time }) }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) }
}

function missing(wanted: ModuleRequest): BuildAnswer {
  const { module } = wanted
  const version = 'version' in wanted ? `@${wanted.version}` : ''
  const answer = notFound(`${module}${version}`, 'it is not in berth.lock; `berth lock` adds what the build needs')
  return { ...answer, missing: `${module}${version}` }
}
