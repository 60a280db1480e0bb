import type { Variable } from '../../model/manifest.ts'
import { settingsMissing } from '../../model/problems/configure.ts'
import { Secret } from '../../model/secret.ts'
import type { Setting } from '../../store/settings.ts'
import { faultOf } from './check.ts'

export { checkAssignment, isRequired } from './check.ts'

type Declared = Readonly<Record<string, Variable>>

/** The settings part of a release. */
export interface FrozenSettings {
  readonly settings: Readonly<Record<string, string>>
  readonly secretVersions: Readonly<Record<string, number>>
  readonly declared: Record<string, Variable>
  /** Names of the plain settings that are set, and not there by default. */
  readonly explicit: string[]
}

/**
 * Checks everything that is declared against everything that is set.
 * @param values secrets too: each is looked at once, against its declared type, and goes nowhere
 * @throws settingsMissing naming all that is missing, empty or ill-typed at once
 */
export function requireSettings(
  app: { readonly name: string; readonly isDeployed: boolean },
  declared: Declared,
  values: ReadonlyMap<string, string | Secret>,
): void {
  const faults = Object.entries(declared).flatMap(([name, variable]) => {
    const value = values.get(name)
    const text = value instanceof Secret ? value.reveal() : (value ?? defaultOf(variable))
    const sentence = faultOf(name, variable, text)
    return sentence === undefined ? [] : [{ name, sentence }]
  })
  if (faults.length === 0) return
  const sentences = faults.map((fault) => fault.sentence)
  throw settingsMissing({
    app: app.name,
    isDeployed: app.isDeployed,
    sentences,
    names: faults.map((fault) => fault.name),
  })
}

/** What a release keeps: plain values, defaults where nothing is set, and secrets as versions in the sealed store. */
export function freezeSettings(declared: Declared, stored: readonly Setting[]): FrozenSettings {
  const settings = new Map<string, string>()
  const secretVersions = new Map<string, number>()
  for (const [name, variable] of Object.entries(declared)) {
    const value = defaultOf(variable)
    if (value !== undefined) settings.set(name, value)
  }
  for (const setting of stored) {
    settings.delete(setting.name)
    if (setting.kind === 'plain') settings.set(setting.name, setting.value)
    else secretVersions.set(setting.name, setting.version)
  }
  const explicit = stored.flatMap(({ kind, name }) => (kind === 'plain' ? [name] : []))
  return { settings: sorted(settings), secretVersions: sorted(secretVersions), declared: { ...declared }, explicit }
}

/** The settings as they were set when a release was frozen. */
export function storedSettings({ settings, secretVersions, explicit }: Omit<FrozenSettings, 'declared'>): Setting[] {
  const plain = explicit.map((name): Setting => ({ kind: 'plain', name, value: settings[name] ?? '' }))
  const secret = Object.entries(secretVersions).map(([name, version]): Setting => ({ kind: 'secret', name, version }))
  return [...plain, ...secret]
}

function sorted<Value>(entries: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function defaultOf(variable: Variable): string | undefined {
  return variable.default === undefined ? undefined : String(variable.default)
}
