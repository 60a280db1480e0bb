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

  setPlain(app: App, name: string, value: string): void {
    this.#database.run(
      `INSERT INTO settings (app, name, value) VALUES (?, ?, ?)
       ON CONFLICT (app, name) DO UPDATE SET value = excluded.value, secret_version = NULL`,
      app.id,
      name,
      value,
    )
  }

  /** Seals a secret as a new version, unless it is what the newest version holds already. */
  async setSecret(app: App, name: string, secret: Secret): Promise<void> {
    const newest = this.#newestVersion(app, name)
    if (newest > 0 && (await this.#isSealedAs(app, { name, version: newest }, secret))) {
      this.#pointAt(app, name, newest)
      return
    }
    const sealed = await this.#sealer.seal(secret)
    this.#database.atomically(() => {
      this.#database.run(
        'INSERT INTO secrets (app, name, version, sealed) VALUES (?, ?, ?, ?)',
        app.id,
        name,
        newest + 1,
        sealed,
      )
      this.#pointAt(app, name, newest + 1)
    })
  }

  unset(app: App, name: string): void {
    this.#database.run('DELETE FROM settings WHERE app = ? AND name = ?', app.id, name)
  }

  /** Puts the whole table of settings back to what it was before a change that failed. */
  restore(app: App, settings: readonly Setting[]): void {
    this.#database.atomically(() => {
      this.#database.run('DELETE FROM settings WHERE app = ?', app.id)
      for (const setting of settings) {
        if (setting.kind === 'plain') this.setPlain(app, setting.name, setting.value)
        else this.#pointAt(app, setting.name, setting.version)
      }
    })
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

  #pointAt(app: App, name: string, version: number): void {
    this.#database.run(
      `INSERT INTO settings (app, name, secret_version) VALUES (?, ?, ?)
       ON CONFLICT (app, name) DO UPDATE SET value = NULL, secret_version = excluded.secret_version`,
      app.id,
      name,
      version,
    )
  }
}
