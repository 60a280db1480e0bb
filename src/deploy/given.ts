import type { Variable } from '../model/manifest.ts'
import { Secret } from '../model/secret.ts'
import { isBuildSetting } from '../model/ssh-settings.ts'
import { checkAssignment, requireSettings } from '../steps/configure/index.ts'
import type { App } from '../store/apps.ts'
import type { Setting } from '../store/settings.ts'
import type { Berth } from './berth.ts'

type Declared = Readonly<Record<string, Variable>>

/** What an operator wants to be set, before it is known whether that is enough. Values of secrets are not stored yet. */
export interface Wanted {
  readonly plain: ReadonlyMap<string, string>
  /** A version in the store, or a new value. */
  readonly secret: ReadonlyMap<string, number | Secret>
}

/**
 * What is set now, with a change on top. Whether a name is secret is for the manifest to say; what was sealed once
 * stays sealed.
 * @throws settingNameInvalid, settingReserved
 */
export function wantedSettings(
  stored: readonly Setting[],
  declared: Declared,
  change: { set: Readonly<Record<string, string>>; unset?: readonly string[] },
): Wanted {
  const plain = new Map<string, string>()
  const secret = new Map<string, number | Secret>()
  for (const setting of stored) {
    if (setting.kind === 'secret') secret.set(setting.name, setting.version)
    else if (declared[setting.name]?.secret === true) secret.set(setting.name, new Secret(setting.value))
    else plain.set(setting.name, setting.value)
  }
  for (const [name, value] of Object.entries(change.set)) {
    checkAssignment(name, value)
    const isSecret = isBuildSetting(name) || (declared[name]?.secret ?? secret.has(name))
    plain.delete(name)
    secret.delete(name)
    if (isSecret) secret.set(name, new Secret(value))
    else plain.set(name, value)
  }
  for (const name of change.unset ?? []) if (!plain.delete(name)) secret.delete(name)
  return { plain, secret }
}

/** Settings that were stored in the clear before the manifest declared them secret. */
export function exposedSecrets(stored: readonly Setting[], declared: Declared): string[] {
  return stored.filter(({ kind, name }) => kind === 'plain' && declared[name]?.secret === true).map(({ name }) => name)
}

/**
 * Checks what is wanted against what is declared.
 * @throws settingsMissing, sealedSecretUnreadable
 */
export async function requireWanted(berth: Berth, app: App, declared: Declared, wanted: Wanted): Promise<void> {
  const values = new Map<string, string | Secret>(wanted.plain)
  for (const [name, value] of wanted.secret) {
    const secret =
      value instanceof Secret ? value : await berth.state.settings.openSecret(app, { name, version: value })
    values.set(name, secret)
  }
  requireSettings({ name: app.name, isDeployed: knowsAll(app, declared) }, declared, values)
}

/** Whether the release that is there declares the same: before that, `config set` would not know what is to be sealed. */
function knowsAll(app: App, declared: Declared): boolean {
  return Object.entries(declared).every(([name, { secret }]) => app.declared[name]?.secret === secret)
}

/** Seals what is new and gives the settings as they are to be stored once the change has succeeded. */
export async function sealWanted(berth: Berth, app: App, wanted: Wanted): Promise<Setting[]> {
  const settings: Setting[] = [...wanted.plain].map(([name, value]) => ({ kind: 'plain', name, value }))
  for (const [name, value] of wanted.secret) {
    const version = value instanceof Secret ? await berth.state.settings.seal(app, name, value) : value
    settings.push({ kind: 'secret', name, version })
  }
  return settings
}
