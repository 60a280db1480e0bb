import { z } from 'zod'
import { unknownRelease } from '../model/problems/state.ts'
import { releaseName } from '../model/names.ts'
import { Release } from '../model/release.ts'
import type { App } from './apps.ts'
import type { Database } from './database.ts'

const DocumentRow = z.object({ document: z.string() })

/** Frozen releases; a row is written once and never changed. */
export class Releases {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Newest first. */
  list(app: App): Release[] {
    return this.#database
      .all('SELECT document FROM releases WHERE app = ? ORDER BY number DESC', app.id)
      .map(releaseFrom)
  }

  /** @throws unknownRelease */
  get(app: App, number: number): Release {
    const row = this.#database.first('SELECT document FROM releases WHERE app = ? AND number = ?', app.id, number)
    if (!row) throw unknownRelease({ app: app.name, release: releaseName(number) })
    return releaseFrom(row)
  }

  /** The number that the next release will get. */
  nextNumber(app: App): number {
    const row = this.#database.first('SELECT coalesce(max(number), 0) + 1 AS next FROM releases WHERE app = ?', app.id)
    return z.object({ next: z.int() }).parse(row).next
  }

  add(app: App, release: Release): void {
    this.#database.run(
      'INSERT INTO releases (app, number, document) VALUES (?, ?, ?)',
      app.id,
      release.number,
      JSON.stringify(release),
    )
  }

  /** Takes back a release that never served. */
  remove(app: App, number: number): void {
    this.#database.run('DELETE FROM releases WHERE app = ? AND number = ?', app.id, number)
  }
}

function releaseFrom(row: unknown): Release {
  return Release.parse(JSON.parse(DocumentRow.parse(row).document))
}
