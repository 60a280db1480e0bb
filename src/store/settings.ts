import { z } from 'zod'
import { sealedSecretUnreadable } from '../model/problems/state.ts'
import type { Secret } from '../model/secret.ts'
import type { App } from './apps.ts'
import type { Database } from './database.ts'
import type { Sealer } from './sealing.ts'

/** What an operator has set for an application, as the next release will freeze it. */
export type Setting =
  | { readonly kind: 'plain'; readonly name: string; readonly value: string }
  | { readonly kind: 'secret'; readonly name: string; readonly version: number }

const SettingRow = z.object({ name: z.string(), value: z.string().nullable(), secret_version: z.int().nullable() })
const SealedRow = z.object({ sealed: z.instanceof(Uint8Array) })
const VersionRow = z.object({ version: z.int() })

export class Settings {
  readonly #database: Database
  readonly #sealer: Sealer

  constructor(database: Database, sealer: Sealer) {
    this.#database = database
    this.#sealer = sealer
  }

  list(app: App): Setting[] {
    const rows = this.#database.all(
      'SELECT name, value, secret_version FROM settings WHERE app = ? ORDER BY name',
      app.id,
    )
    return rows.map((row) => {
      const { name, value, secret_version } = SettingRow.parse(row)
      return value === null ? { kind: 'secret', name, version: secret_version ?? 0 } : { kind: 'plain', name, value }
    })
  }

  /** Makes `settings` everything that is set. Sealed versions that nothing points at stay, for older releases. */
  replace(app: App, settings: readonly Setting[]): void {
    this.#database.run('DELETE FROM settings WHERE app = ?', app.id)
    for (const setting of settings) {
      const [value, version] = setting.kind === 'plain' ? [setting.value, null] : [null, setting.version]
      this.#database.run(
        'INSERT INTO settings (app, name, value, secret_version) VALUES (?, ?, ?, ?)',
        app.id,
        setting.name,
        value,
        version,
      )
    }
  }

  /** Seals a secret and gives its version: a new one, unless the newest holds the same already. Sets nothing. */
  async seal(app: App, name: string, secret: Secret): Promise<number> {
    const newest = this.#newestVersion(app, name)
    if (newest > 0 && (await this.#isSealedAs(app, { name, version: newest }, secret))) return newest
    const sealed = await this.#sealer.seal(secret)
    this.#database.run(
      'INSERT INTO secrets (app, name, version, sealed) VALUES (?, ?, ?, ?)',
      app.id,
      name,
      newest + 1,
      sealed,
    )
    return newest + 1
  }

  /** @throws sealedSecretUnreadable */
  async openSecret(app: App, { name, version }: { name: string; version: number }): Promise<Secret> {
    const row = this.#database.first(
      'SELECT sealed FROM secrets WHERE app = ? AND name = ? AND version = ?',
      app.id,
      name,
      version,
    )
    try {
      return await this.#sealer.open(SealedRow.parse(row).sealed)
    } catch (cause) {
      throw sealedSecretUnreadable({ app: app.name, name, keyFile: this.#sealer.identityFile }, { cause })
    }
  }

  #newestVersion(app: App, name: string): number {
    const row = this.#database.first(
      'SELECT coalesce(max(version), 0) AS version FROM secrets WHERE app = ? AND name = ?',
      app.id,
      name,
    )
    return VersionRow.parse(row).version
  }

  async #isSealedAs(app: App, at: { name: string; version: number }, secret: Secret): Promise<boolean> {
    const sealed = await this.openSecret(app, at).catch(() => undefined)
    return sealed?.reveal() === secret.reveal()
  }
}
