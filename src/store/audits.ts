import { z } from 'zod'
import { AuditSummary } from '../model/audit.ts'
import type { App } from './apps.ts'
import type { Database } from './database.ts'

const DocumentRow = z.object({ document: z.string() })

/** What came of attacking copies of releases; a later audit of a release takes the place of an earlier one. */
export class Audits {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Undefined for a release that was never attacked. */
  get(app: App, release: number): AuditSummary | undefined {
    const row = this.#database.first('SELECT document FROM audits WHERE app = ? AND release = ?', app.id, release)
    return row && AuditSummary.parse(JSON.parse(DocumentRow.parse(row).document))
  }

  put(app: App, release: number, summary: AuditSummary): void {
    this.#database.run(
      'INSERT INTO audits (app, release, document) VALUES (?, ?, ?) ' +
        'ON CONFLICT (app, release) DO UPDATE SET document = excluded.document',
      app.id,
      release,
      JSON.stringify(summary),
    )
  }

  /** A number that was taken back is given again, to a release that nobody has attacked. */
  remove(app: App, release: number): void {
    this.#database.run('DELETE FROM audits WHERE app = ? AND release = ?', app.id, release)
  }
}
