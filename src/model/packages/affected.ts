import { artifactKinds, type Artifact, type ArtifactKind } from '../lock.ts'
import { compareVersions, isVersionOf } from '../versions/compare.ts'
import { epochOf } from '../versions/debian.ts'
import { sourcePackageOf } from './debian-source.ts'

/** Which packages somebody asks about, such as `openssl<3.0.15` or `npm:left-pad>=1,<1.3`. */
export interface PackageQuery {
  readonly kind: ArtifactKind | undefined
  readonly name: string
  /** All of them must hold; none means every version. */
  readonly bounds: readonly Bound[]
}

interface Bound {
  readonly relation: '<' | '<=' | '>' | '>=' | '=' | '!='
  readonly version: string
}

const relation = /^(<=|>=|==|!=|<|>|=)\s*([^\s<>=!,]+)$/

/** @returns undefined for what is no such question */
export function parseQuery(text: string): PackageQuery | undefined {
  const start = text.search(/[<>=!]/)
  const [named, rest] = start < 0 ? [text, ''] : [text.slice(0, start), text.slice(start)]
  const prefix = artifactKinds.find((kind) => named.startsWith(`${kind}:`))
  const name = named.slice(prefix === undefined ? 0 : prefix.length + 1).trim()
  if (!/^[@\w][\w@.+~/:%-]*$/.test(name)) return undefined
  const bounds: Bound[] = []
  for (const part of rest === '' ? [] : rest.split(',')) {
    const [, sign, version] = relation.exec(part.trim()) ?? []
    if (sign === undefined || version === undefined) return undefined
    bounds.push({ relation: (sign === '==' ? '=' : sign) as Bound['relation'], version })
  }
  return { kind: prefix, name, bounds }
}

/** Whether an artifact is a version of what is asked about, by its own name or by that of its source package. */
export function isNamed(query: PackageQuery, artifact: Artifact): boolean {
  const { kind, name, url } = artifact
  if (query.kind !== undefined && query.kind !== kind) return false
  switch (kind) {
    case 'deb':
      return name === query.name || sourcePackageOf(url) === query.name
    case 'pypi':
      // PEP 503
      return name === query.name.replaceAll(/[-_.]+/g, '-').toLowerCase()
    case 'npm':
      // The program of Node comes as a package for each kind of processor.
      return name === query.name || (query.name === 'node' && /^node-linux-\w+$/.test(name))
    case 'go':
    case 'git':
    case 'http':
    case 'image':
      return name === query.name
    default:
      return kind satisfies never
  }
}

/** Whether a version is one of those asked about, in the order of its ecosystem; also where that cannot be told. */
export function isAffected(query: PackageQuery, artifact: Artifact): boolean {
  const { kind, version } = artifact
  if (isUnclear(query, artifact)) return true
  return query.bounds.every((bound) => holds(compareVersions(kind, version, bound.version), bound.relation))
}

/** Whether one of the two is no version that its ecosystem could order. */
export function isUnclear({ bounds }: PackageQuery, { kind, version }: Artifact): boolean {
  return bounds.some(
    (bound) => bound.version !== version && ![version, bound.version].every((text) => isVersionOf(kind, text)),
  )
}

function holds(order: number, wanted: Bound['relation']): boolean {
  switch (wanted) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    default:
      return wanted satisfies never
  }
}

/** Debian's epochs come before everything else in a version; whoever leaves one out would be told that all is well. */
export function forgottenEpoch({ bounds }: PackageQuery, { kind, version }: Artifact): boolean {
  return kind === 'deb' && epochOf(version) > 0 && bounds.some((bound) => epochOf(bound.version) === 0)
}
