import { z } from 'zod'
import type { ProblemEvent } from '../model/events.ts'
import type { StepName } from '../model/names.ts'
import type { App } from './apps.ts'
import type { Database } from './database.ts'

/** The journal: what was begun, how far it came and how it ended. */

const DeploymentRow = z.object({
  id: z.int(),
  app: z.int(),
  action: z.string(),
  state: z.enum(['running', 'succeeded', 'failed', 'interrupted']),
  step: z.string().nullable(),
  from_release: z.int().nullable(),
  to_release: z.int().nullable(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  problem: z.string().nullable(),
})
export type Deployment = z.infer<typeof DeploymentRow>

export class Deployments {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  begin(app: App, action: string): number {
    return this.#database.run(
      `INSERT INTO deployments (app, action, state, from_release, started_at) VALUES (?, ?, 'running', ?, ?)`,
      app.id,
      action,
      app.currentRelease ?? null,
      now(),
    )
  }

  reached(id: number, step: StepName): void {
    this.#database.run('UPDATE deployments SET step = ? WHERE id = ?', step, id)
  }

  /** Notes which release it leads to; one that it makes is taken back when it does not succeed. */
  leadsTo(id: number, release: number): void {
    this.#database.run('UPDATE deployments SET to_release = ? WHERE id = ?', release, id)
  }

  succeeded(id: number): void {
    this.#database.run(`UPDATE deployments SET state = 'succeeded', finished_at = ? WHERE id = ?`, now(), id)
  }

  failed(id: number, problem: ProblemEvent): void {
    this.#database.run(
      `UPDATE deployments SET state = 'failed', finished_at = ?, problem = ? WHERE id = ?`,
      now(),
      JSON.stringify(problem),
      id,
    )
  }

  /** Marks what an earlier daemon left unfinished; gives those rows. */
  interruptRunning(): Deployment[] {
    const rows = this.#database.all(
      `UPDATE deployments SET state = 'interrupted', finished_at = ? WHERE state = 'running' RETURNING *`,
      now(),
    )
    return rows.map((row) => DeploymentRow.parse(row))
  }

  latest(app: App): Deployment | undefined {
    const row = this.#database.first('SELECT * FROM deployments WHERE app = ? ORDER BY id DESC LIMIT 1', app.id)
    return row && DeploymentRow.parse(row)
  }

  /** The releases that have served, latest first, each once. */
  served(app: App): number[] {
    const rows = this.#database.all(
      `SELECT to_release AS number FROM deployments
       WHERE app = ? AND state = 'succeeded' AND to_release IS NOT NULL GROUP BY to_release ORDER BY max(id) DESC`,
      app.id,
    )
    return rows.map((row) => z.object({ number: z.int() }).parse(row).number)
  }
}

function now(): string {
  return new Date().toISOString()
}

/** The sentence with which a deployment failed, as a field to spread. */
export function problemMessageOf({ problem }: Deployment): { problem?: string } {
  if (problem === null) return {}
  return { problem: z.object({ message: z.string() }).parse(JSON.parse(problem)).message }
}
