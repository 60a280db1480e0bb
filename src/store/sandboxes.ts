import { z } from 'zod'
import type { App } from './apps.ts'
import type { Database } from './database.ts'

/** Which sandboxes ought to exist. What the host has besides is debris; what it lacks has to be started again. */

const SandboxRow = z.object({
  id: z.string(),
  app: z.int(),
  release: z.int(),
  role: z.enum(['starting', 'serving', 'draining']),
  link: z.int(),
  started_at: z.string(),
  drain_until: z.string().nullable(),
})

export interface SandboxRecord {
  readonly id: string
  readonly app: number
  readonly release: number
  readonly role: 'starting' | 'serving' | 'draining'
  /** Index of its pair of addresses in the instance's subnet. */
  readonly link: number
  readonly startedAt: string
  readonly drainUntil: string | undefined
}

/** Pairs of addresses in an instance's block but the last, which is the name server's; no host runs nearly as many sandboxes. */
const linkCount = 2047

export class Sandboxes {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  list(): SandboxRecord[] {
    return this.#database.all('SELECT * FROM sandboxes ORDER BY started_at').map(recordFrom)
  }

  ofApp(app: App): SandboxRecord[] {
    return this.#database.all('SELECT * FROM sandboxes WHERE app = ? ORDER BY started_at', app.id).map(recordFrom)
  }

  serving(app: App): SandboxRecord | undefined {
    return this.ofApp(app).find((record) => record.role === 'serving')
  }

  find(id: string): SandboxRecord | undefined {
    const row = this.#database.first('SELECT * FROM sandboxes WHERE id = ?', id)
    return row && recordFrom(row)
  }

  /**
   * Writes down a sandbox before it is made, with a pair of addresses: the next free one after those given last, so that
   * nothing that still has an ended sandbox's address in mind meets another one there.
   */
  add(app: App, { id, release }: { id: string; release: number }): SandboxRecord {
    const link = this.#takeLink()
    this.#database.run(
      `INSERT INTO sandboxes (id, app, release, role, link, started_at) VALUES (?, ?, ?, 'starting', ?, ?)`,
      id,
      app.id,
      release,
      link,
      new Date().toISOString(),
    )
    const record = this.find(id)
    if (!record) throw new Error(`sandbox ${id} was not written`)
    return record
  }

  #takeLink(): number {
    const taken = new Set(this.list().map((record) => record.link))
    const row = this.#database.first(`SELECT value FROM facts WHERE name = 'last_link'`)
    let link = row === undefined ? 0 : Number(row['value']) + 1
    while (link >= linkCount || taken.has(link)) link = link >= linkCount ? 0 : link + 1
    this.#database.run(
      `INSERT INTO facts (name, value) VALUES ('last_link', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      String(link),
    )
    return link
  }

  /** Whatever serves now is to drain. */
  retire(app: App, drainUntil: Date): void {
    this.#database.run(
      `UPDATE sandboxes SET role = 'draining', drain_until = ? WHERE app = ? AND role = 'serving'`,
      drainUntil.toISOString(),
      app.id,
    )
  }

  /** `id` serves from now on; the caller retires its predecessor in the same transaction. */
  promote(id: string): void {
    this.#database.run(`UPDATE sandboxes SET role = 'serving' WHERE id = ?`, id)
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM sandboxes WHERE id = ?', id)
  }
}

function recordFrom(row: unknown): SandboxRecord {
  const { id, app, release, role, link, started_at, drain_until } = SandboxRow.parse(row)
  return { id, app, release, role, link, startedAt: started_at, drainUntil: drain_until ?? undefined }
}
