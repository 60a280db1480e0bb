import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { chmod, openFile, readdir, readFile } from '../host/files.ts'
import { z } from 'zod'
import { messageOf } from '../model/problem.ts'
import { daemonRunsAlready, stateDamaged, stateFromNewerBerth } from '../model/problems/state.ts'

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** A row as SQLite gives it: `null` for absence. Callers check its shape before they use it. */
export type Row = Record<string, unknown>

/** The state database: one connection, one writer, every statement prepared once. */
export class Database {
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  private constructor(connection: DatabaseSync) {
    this.#connection = connection
  }

  /**
   * Opens the database below `home` and brings its schema up to date.
   * The exclusive lock is held until the process ends, however it ends: it is what keeps a second daemon out.
   * @throws daemonRunsAlready, stateDamaged, stateFromNewerBerth
   */
  static async open(file: string, home: string): Promise<Database> {
    await makePrivate(file)
    const connection = new DatabaseSync(file, { timeout: 500 })
    try {
      connection.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      connection.exec('PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024; BEGIN IMMEDIATE; COMMIT')
      const found = connection.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
      if (found !== 'ok') throw stateDamaged({ file, reason: String(found) })
      await migrate(connection, home)
    } catch (cause) {
      connection.close()
      const code = primaryResultCode(cause)
      if (code === SQLITE_BUSY || code === SQLITE_LOCKED) throw daemonRunsAlready({ home }, { cause })
      if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
        throw stateDamaged({ file, reason: messageOf(cause) }, { cause })
      }
      throw cause
    }
    return new Database(connection)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values)
  }

  first(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values)
  }

  /** Runs a statement that changes something; gives the id of the inserted row. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid)
  }

  /** Runs `work` so that all of its changes are kept, or, when it throws, none. */
  atomically<Result>(work: () => Result): Result {
    this.#connection.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#connection.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk has rolled it back already, and would be hidden by an error about that.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * Moves what the write-ahead log holds into the database and empties it. A commit survives a killed process at once,
   * and a power cut from here on; between the two, a power cut leads back to the state before.
   */
  settle(): void {
    this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#connection.close()
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const prepared = this.#connection.prepare(sql)
    this.#statements.set(sql, prepared)
    return prepared
  }
}

/** What SQLite answered, without the details of an extended result code; undefined when the error is not its own. */
function primaryResultCode(error: unknown): number | undefined {
  const parsed = z.object({ errcode: z.number() }).safeParse(error)
  return parsed.success ? parsed.data.errcode & 0xff : undefined
}

/** Before SQLite opens it: its write-ahead log gets the mode that the database has at that moment. */
async function makePrivate(file: string): Promise<void> {
  const handle = await openFile(file, 'a', 0o600)
  await handle.close()
  await chmod(file, 0o600)
}

/** Applies the migrations that are missing, each in a transaction with the version it leads to. */
async function migrate(connection: DatabaseSync, home: string): Promise<void> {
  const folder = new URL('./migrations/', import.meta.url).pathname
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const found = Number(connection.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (found > files.length) throw stateFromNewerBerth({ home, found, known: files.length })
  for (const [index, name] of files.entries()) {
    const version = index + 1
    if (version <= found) continue
    const sql = await readFile(`${folder}${name}`, 'utf8')
    connection.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version}; COMMIT`)
  }
}
