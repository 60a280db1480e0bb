import type { Artifact } from './lock.ts'

/** One package that is another one now. */
export interface LockChange {
  readonly kind: string
  readonly name: string
  /** Undefined: was not there. Several versions are joined by a blank. */
  readonly from?: string
  /** Undefined: is gone. */
  readonly to?: string
}

/** What differs between two sets of artifacts, by kind and name; a version that came with other bytes counts. */
export function lockChanges(before: readonly Artifact[], after: readonly Artifact[]): LockChange[] {
  const old = byName(before)
  const young = byName(after)
  return [...new Set([...old.keys(), ...young.keys()])].sort().flatMap((key) => {
    const [was, is] = [old.get(key) ?? [], young.get(key) ?? []]
    if (hashes(was) === hashes(is)) return []
    const { kind, name } = (is[0] ?? was[0]) as Artifact // one of the two maps has the key
    const [from, to] = [versions(was), versions(is)]
    const sameVersion = from === to ? ' (other bytes)' : ''
    return [
      {
        ...{ kind, name },
        ...(was.length === 0 ? {} : { from }),
        ...(is.length === 0 ? {} : { to: to + sameVersion }),
      },
    ]
  })
}

/** Such as `libssl3 3.0.15 → 3.0.16`. */
export function describeChange({ name, from, to }: LockChange): string {
  if (from === undefined) return `+ ${name} ${to ?? ''}`.trimEnd()
  if (to === undefined) return `- ${name} ${from}`.trimEnd()
  return `  ${name} ${from} → ${to}`
}

function byName(artifacts: readonly Artifact[]): Map<string, Artifact[]> {
  return Map.groupBy(artifacts, ({ kind, name }) => `${kind} ${name}`)
}

function hashes(artifacts: readonly Artifact[]): string {
  return [...new Set(artifacts.map(({ sha256 }) => sha256))].sort().join(' ')
}

function versions(artifacts: readonly Artifact[]): string {
  return [...new Set(artifacts.map(({ version }) => version))].sort().join(' ')
}
