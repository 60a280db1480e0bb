import { pathsOf, type Instance } from '../host/instance.ts'
import { mkdir } from '../host/files.ts'
import { z } from 'zod'
import { Audits } from './audits.ts'
import { Apps } from './apps.ts'
import { Database } from './database.ts'
import { Deployments } from './deployments.ts'
import { Releases } from './releases.ts'
import { Sandboxes } from './sandboxes.ts'
import { Sealer } from './sealing.ts'
import { Settings } from './settings.ts'

/** Everything that berth remembers, by subject. */
export class State {
  readonly apps: Apps
  readonly settings: Settings
  readonly releases: Releases
  readonly deployments: Deployments
  readonly sandboxes: Sandboxes
  readonly audits: Audits
  readonly #database: Database

  private constructor(database: Database, sealer: Sealer) {
    this.#database = database
    this.apps = new Apps(database)
    this.settings = new Settings(database, sealer)
    this.releases = new Releases(database)
    this.deployments = new Deployments(database)
    this.sandboxes = new Sandboxes(database)
    this.audits = new Audits(database)
  }

  /** @throws daemonRunsAlready when another process holds this home's state. */
  static async open(instance: Instance): Promise<State> {
    const paths = pathsOf(instance)
    await mkdir(instance.home, { recursive: true, mode: 0o711 })
    return new State(await Database.open(paths.state, instance.home), new Sealer(paths.keys))
  }

  atomically<Result>(work: () => Result): Result {
    return this.#database.atomically(work)
  }

  fact(name: string): string | undefined {
    const row = this.#database.first('SELECT value FROM facts WHERE name = ?', name)
    return row && z.object({ value: z.string() }).parse(row).value
  }

  setFact(name: string, value: string): void {
    this.#database.run(
      'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    )
  }

  /** Makes everything that was committed survive a power cut. */
  settle(): void {
    this.#database.settle()
  }

  close(): void {
    this.#database.close()
  }
}
