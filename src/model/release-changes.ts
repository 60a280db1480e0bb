import type { Release, RunSpec } from './release.ts'
import type { RunChange, SettingChange } from './supply-chain.ts'

/** What differs between two releases beside their images, by name. */

type Frozen = Pick<Release, 'settings' | 'secretVersions'>

/** Settings that came, went or have another value. The values stay where they are. */
export function settingChanges(before: Frozen, after: Frozen): SettingChange[] {
  const [old, young] = [valuesOf(before), valuesOf(after)]
  return sortedNames(old, young).flatMap((name): SettingChange[] => {
    const [was, is] = [old.get(name), young.get(name)]
    const secret = (is ?? was)?.secret === true
    if (!was) return [{ change: 'added', name, secret }]
    if (!is) return [{ change: 'removed', name, secret }]
    const isSame = was.value === is.value && was.secret === is.secret
    return isSame ? [] : [{ change: 'changed', name, secret }]
  })
}

function valuesOf({ settings, secretVersions }: Frozen) {
  const plain = Object.entries(settings).map(([name, value]) => [name, { value, secret: false }] as const)
  const sealed = Object.entries(secretVersions).map(
    ([name, version]) => [name, { value: `${version}`, secret: true }] as const,
  )
  return new Map<string, { readonly value: string; readonly secret: boolean }>([...plain, ...sealed])
}

/** What differs in how two releases run: isolation, limits, command, health, domains, volumes. */
export function runChanges(before: RunSpec, after: RunSpec): RunChange[] {
  const [old, young] = [flatRun(before), flatRun(after)]
  const changes = sortedNames(old, young).flatMap((name) => {
    const [from, to] = [old.get(name), young.get(name)]
    if (from === to) return []
    return [{ name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
  })
  const variables = sortedNames(new Map(Object.entries(before.env)), new Map(Object.entries(after.env)))
  return [
    ...changes,
    ...variables.filter((name) => before.env[name] !== after.env[name]).map((name) => ({ name: `env.${name}` })),
  ]
}

/** Each number and text under its path, such as `limits.memoryBytes`; a list as one text. */
function flatRun({ volumes, ...run }: RunSpec): Map<string, string> {
  const mounted = volumes.map(
    ({ name, path, bytes, inodes }) => [`volumes.${name}`, `${path}, ${bytes} bytes, ${inodes} files`] as const,
  )
  const rest = { ...run, env: undefined, argv: run.argv.join(' '), domains: run.domains.join(' ') }
  return new Map([...mounted, ...leaves(rest, '')])
}

function leaves(value: unknown, path: string): (readonly [string, string])[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return [[path, value.map((item) => [item].flat().join(' ')).join('; ')]]
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
  }
  return [[path, JSON.stringify(value).replace(/^"|"$/g, '')]]
}

function sortedNames(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].sort()
}
