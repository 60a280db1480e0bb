import { z } from 'zod'
import { Variable } from '../model/manifest.ts'
import { unknownApp } from '../model/problems/state.ts'
import type { Database } from './database.ts'

/** Why an application is not running although it should be. Kept so that `status` can say it after a restart. */
export const Trouble = z.strictObject({
  exit: z.string(),
  /** Starts tried since it last ran well. */
  restarts: z.int(),
  lines: z.array(z.string()),
  at: z.string(),
})
export type Trouble = z.infer<typeof Trouble>

const AppRow = z.object({
  id: z.int(),
  name: z.string(),
  wanted: z.enum(['running', 'stopped']),
  current_release: z.int().nullable(),
  declared: z.string(),
  trouble: z.string().nullable(),
})

const Declared = z.record(z.string(), Variable)

export interface App {
  readonly id: number
  readonly name: string
  readonly wanted: 'running' | 'stopped'
  /** The release that serves, or would if the application were not stopped. */
  readonly currentRelease: number | undefined
  readonly declared: Readonly<Record<string, Variable>>
  readonly trouble: Trouble | undefined
}

const columns = 'id, name, wanted, current_release, declared, trouble'

export class Apps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Those that have ever served; one whose first deploy is under way is not among them. */
  list(): App[] {
    const sql = `SELECT ${columns} FROM apps WHERE destroyed = 0 AND current_release IS NOT NULL ORDER BY name`
    return this.#database.all(sql).map(appFrom)
  }

  find(name: string): App | undefined {
    const row = this.#database.first(`SELECT ${columns} FROM apps WHERE destroyed = 0 AND name = ?`, name)
    return row && appFrom(row)
  }

  /** @throws unknownApp, also when no deploy of it has succeeded yet */
  get(name: string): App {
    const app = this.find(name)
    if (app?.currentRelease === undefined)
      throw unknownApp({ app: name, known: this.list().map((known) => known.name) })
    return app
  }

  byId(id: number): App | undefined {
    const row = this.#database.first(`SELECT ${columns} FROM apps WHERE id = ?`, id)
    return row && appFrom(row)
  }

  /** Finds the application or makes it; one that was destroyed comes back with its old id, as its volumes demand. */
  ensure(name: string): App {
    this.#database.run(
      `INSERT INTO apps (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET destroyed = 0 WHERE destroyed = 1`,
      name,
    )
    const app = this.find(name)
    if (!app) throw new Error(`application ${name} was not written`)
    return app
  }

  setWanted(id: number, wanted: 'running' | 'stopped'): void {
    this.#database.run('UPDATE apps SET wanted = ? WHERE id = ?', wanted, id)
  }

  setCurrentRelease(id: number, release: number): void {
    this.#database.run('UPDATE apps SET current_release = ? WHERE id = ?', release, id)
  }

  setDeclared(id: number, declared: Readonly<Record<string, Variable>>): void {
    this.#database.run('UPDATE apps SET declared = ? WHERE id = ?', JSON.stringify(declared), id)
  }

  setTrouble(id: number, trouble: Trouble | undefined): void {
    this.#database.run('UPDATE apps SET trouble = ? WHERE id = ?', trouble ? JSON.stringify(trouble) : null, id)
  }

  /** Counts sandboxes up, so that no id is ever used twice. */
  takeSandboxNumber(id: number): number {
    const row = this.#database.first(
      'UPDATE apps SET next_sandbox = next_sandbox + 1 WHERE id = ? RETURNING next_sandbox - 1 AS number',
      id,
    )
    return z.object({ number: z.int() }).parse(row).number
  }

  /** Forgets everything of an application but its name and id. */
  destroy(id: number): void {
    this.#database.atomically(() => {
      for (const table of ['settings', 'secrets', 'releases', 'deployments', 'sandboxes']) {
        this.#database.run(`DELETE FROM ${table} WHERE app = ?`, id)
      }
      this.#database.run(
        `UPDATE apps SET destroyed = 1, wanted = 'running', current_release = NULL, declared = '{}', trouble = NULL
         WHERE id = ?`,
        id,
      )
    })
  }
}

function appFrom(row: unknown): App {
  const { id, name, wanted, current_release, declared, trouble } = AppRow.parse(row)
  return {
    id,
    name,
    wanted,
    currentRelease: current_release ?? undefined,
    declared: Declared.parse(JSON.parse(declared)),
    trouble: trouble === null ? undefined : Trouble.parse(JSON.parse(trouble)),
  }
}
