import { describeExit, type Exit } from '../model/sandbox.ts'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import { activate, lastLines } from './activate.ts'
import { inBackground, type Berth } from './berth.ts'
import { eventOf, problemOf } from './failure.ts'
import { applyRoutes, routesOf } from './routing.ts'

/** Seconds before the n-th start in a row; the last one for all further. */
const backOff = [0, 1, 2, 4, 8, 16, 32, 60] as const

/** An application that has run this long is well: earlier crashes no longer count. */
const secondsUntilWell = 60

/** From this many starts in a row on, `status` calls it a crash loop. */
export const crashLoopFrom = 5

/** Starts crashed applications again, ever more patiently, and remembers how they ended. */
export class Supervisor {
  readonly #timers = new Map<number, NodeJS.Timeout>()
  #berth: Berth | undefined

  /** The supervisor is one of the parts that it works with, so it gets to know them after it was made. */
  attach(berth: Berth): void {
    this.#berth = berth
  }

  /** A sandbox that nobody is starting or stopping has ended by itself. */
  ended(id: string, exit: Exit): void {
    const berth = this.#berth
    const record = berth?.state.sandboxes.find(id)
    const app = record && berth?.state.apps.byId(record.app)
    if (!berth || !record || !app || record.role !== 'serving') return
    inBackground(berth, `crash of ${id}`, this.#crashed(berth, app, record, exit))
  }

  /** Sees to it that an application that should run does; at once, or after its back-off. */
  startSoon(berth: Berth, appId: number): void {
    const app = berth.state.apps.byId(appId)
    if (!app || this.#timers.has(appId)) return
    const seconds = backOff[Math.min(app.trouble?.restarts ?? 0, backOff.length - 1)] ?? 60
    const start = () => {
      this.#timers.delete(appId)
      inBackground(berth, `start of ${app.name}`, this.#start(berth, appId))
    }
    this.#timers.set(appId, setTimeout(start, seconds * 1000))
  }

  /** Ends all waiting; what runs goes on. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  async #crashed(berth: Berth, app: App, record: SandboxRecord, exit: Exit): Promise<void> {
    const ran = (Date.now() - Date.parse(record.startedAt)) / 1000
    const restarts = ran >= secondsUntilWell ? 0 : (app.trouble?.restarts ?? 0)
    const lines = await lastLines(berth, app.name, record)
    berth.log(`${record.id} ended by itself: ${describeExit(exit)}`)
    berth.state.apps.setTrouble(app.id, { exit: describeExit(exit), restarts, lines, at: new Date().toISOString() })
    berth.state.sandboxes.remove(record.id)
    await berth.busy.routing(() => applyRoutes(berth, routesOf(berth)))
    await berth.isolator.stop(record.id, 0)
    this.startSoon(berth, app.id)
  }

  async #start(berth: Berth, appId: number): Promise<void> {
    const app = berth.state.apps.byId(appId)
    if (!app || app.wanted === 'stopped' || app.currentRelease === undefined) return
    if (berth.state.sandboxes.serving(app)) return
    if (berth.busy.isBusy(app.name)) {
      this.#later(berth, app, 'another change is under way')
      return
    }
    const restarts = (app.trouble?.restarts ?? 0) + 1
    using alone = berth.busy.begin(app.name, 'restart')
    try {
      const trouble = { exit: 'not running', lines: [], at: new Date().toISOString(), ...app.trouble, restarts }
      const commit = () => berth.state.apps.setTrouble(appId, app.trouble ? trouble : undefined)
      const release = berth.state.releases.get(app, app.currentRelease)
      const record = await activate(berth, app, release, { signal: new AbortController().signal, commit })
      this.#forgetWhenWell(berth, appId, record.id)
    } catch (error) {
      const { message, lines = [] } = eventOf(problemOf(error, { action: 'restart', log: berth.paths.daemonLog }))
      berth.state.apps.setTrouble(appId, { exit: message, restarts, lines: [...lines], at: new Date().toISOString() })
      this.#later(berth, app, message)
    }
  }

  #later(berth: Berth, app: App, why: string): void {
    berth.log(`${app.name} is not started yet: ${why}`)
    this.startSoon(berth, app.id)
  }

  #forgetWhenWell(berth: Berth, appId: number, sandbox: string): void {
    const forget = () => {
      if (berth.state.sandboxes.find(sandbox)?.role === 'serving') berth.state.apps.setTrouble(appId, undefined)
    }
    setTimeout(forget, secondsUntilWell * 1000).unref()
  }
}
