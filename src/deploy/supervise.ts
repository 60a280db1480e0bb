import { describeExit, type Exit } from '../model/sandbox.ts'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import { activate, lastLines } from './activate.ts'
import { inBackground, logPlace, type Berth } from './berth.ts'
import { eventOf } from '../model/problem-event.ts'
import { problemOf } from './failure.ts'
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
    // Stopped or replaced by an operator just now: then it is that change's to remove.
    if (berth.state.sandboxes.find(record.id)?.role !== 'serving') return
    berth.log(`${record.id} ended by itself: ${describeExit(exit)}`)
    berth.state.apps.setTrouble(app.id, { exit: describeExit(exit), restarts, lines, at: new Date().toISOString() })
    berth.state.sandboxes.remove(record.id)
    await berth.busy
      .routing(() => applyRoutes(berth, routesOf(berth)))
      .catch((error: unknown) => berth.log(`front: ${String(error)}`)) // the start makes up for it
    await berth.isolator.stop(record.id, 0)
    this.startSoon(berth, app.id)
  }

  /**
   * Does not wait for a change that is under way, for a build takes minutes and the application is down meanwhile. Nor
   * does a change wait for this: whichever is ready first serves, and this gives way when it is no longer needed.
   */
  async #start(berth: Berth, appId: number): Promise<void> {
    const app = berth.state.apps.byId(appId)
    if (!app || app.currentRelease === undefined || !isNeeded(berth, app)) return
    const restarts = (app.trouble?.restarts ?? 0) + 1
    const overtaken = new AbortController()
    const requireWanted = () => {
      if (!isNeeded(berth, app)) overtaken.abort()
      overtaken.signal.throwIfAborted()
    }
    const look = setInterval(() => {
      if (!isNeeded(berth, app)) overtaken.abort()
    }, 500)
    try {
      const trouble = { exit: 'not running', lines: [], at: new Date().toISOString(), ...app.trouble, restarts }
      const commit = () => berth.state.apps.setTrouble(appId, app.trouble ? trouble : undefined)
      const release = berth.state.releases.get(app, app.currentRelease)
      const record = await activate(berth, app, release, {
        signal: overtaken.signal,
        afterCrash: true,
        requireWanted,
        commit,
      })
      this.#forgetWhenWell(berth, appId, record.id)
    } catch (error) {
      if (!isNeeded(berth, app)) return
      const { message, lines = [] } = eventOf(problemOf(error, { action: 'restart', log: logPlace(berth) }))
      berth.state.apps.setTrouble(appId, { exit: message, restarts, lines: [...lines], at: new Date().toISOString() })
      this.#later(berth, app, message)
    } finally {
      clearInterval(look)
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

/** Whether an application should run as this release, and does not. */
function isNeeded({ state }: Berth, { id, currentRelease }: App): boolean {
  const app = state.apps.byId(id)
  return app?.wanted === 'running' && app.currentRelease === currentRelease && !state.sandboxes.serving(app)
}
