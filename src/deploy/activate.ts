import { readLastLines } from '../isolation/sandbox/log-file.ts'
import { startFailed, startUnhealthy } from '../model/problems/start.ts'
import type { Release } from '../model/release.ts'
import { describeExit } from '../model/sandbox.ts'
import type { HealthOutcome } from '../steps/start/health.ts'
import { linkAt, nameServerOf } from '../steps/start/links.ts'
import { logFileOf, sandboxId, servingSpec, type SpecInput } from '../steps/start/spec.ts'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import type { Berth } from './berth.ts'
import { refusedLines } from './egress/look.ts'
import { retireServing } from './drain.ts'
import { giveWay } from './give-way.ts'
import { specInputFor } from './environment.ts'
import { addressOf, applyRoutes, requireFreeDomains, routesOf } from './routing.ts'
import { startServing } from './start-serving.ts'

export interface Activation {
  readonly signal: AbortSignal
  /** Whether it served already and has only to be started again: then better with less than not at all. */
  readonly afterCrash?: boolean
  /** Whether it gave way to a release that has failed since. */
  readonly bringsBack?: boolean
  /** Asked when its turn to get the traffic has come. @throws when it is no longer wanted */
  requireWanted?(): void
  /** What becomes true in the same transaction in which the release begins to serve. */
  commit(): void
}

/**
 * The start step: a new sandbox of `release`, healthy as seen from outside, gets the traffic; the old one drains.
 * @throws startFailed, startUnhealthy and the isolator's problems; then the new sandbox is gone and the old one serves
 */
export async function activate(
  berth: Berth,
  app: App,
  release: Release,
  activation: Activation,
): Promise<SandboxRecord> {
  requireFreeDomains(berth, app, release.run.domains)
  const input = await specInputFor(berth, app, release)
  const id = sandboxId(app.name, input.sandboxNumber)
  const stopped = activation.bringsBack ? undefined : await giveWay(berth, app, release)
  const record = berth.state.sandboxes.add(app, { id, release: release.number })
  try {
    const { signal, afterCrash = false } = activation
    await startHealthy(berth, { app, input, record, signal, afterCrash })
    activation.signal.throwIfAborted()
    await switchTraffic(berth, { app, release, record, activation })
    return record
  } catch (error) {
    await abandon(berth, record)
    if (stopped) await bringBack(berth, app, stopped)
    throw error
  } finally {
    berth.endings.forget(id)
  }
}

/** What served before runs again; when that fails, too, the supervisor goes on trying. */
async function bringBack(berth: Berth, app: App, release: Release): Promise<void> {
  const activation = {
    signal: new AbortController().signal,
    afterCrash: true,
    bringsBack: true,
    commit: () => undefined,
  }
  await activate(berth, app, release, activation).catch((error: unknown) => {
    berth.log(`${app.name}: ${String(error)}`)
    const serving = berth.state.sandboxes.serving(app)
    if (serving) berth.endings.report(serving.id, { kind: 'unknown' })
  })
}

interface Candidate {
  readonly app: App
  readonly input: SpecInput
  readonly record: SandboxRecord
  readonly signal: AbortSignal
  readonly afterCrash: boolean
}

async function startHealthy(berth: Berth, { app, input, record, signal, afterCrash }: Candidate): Promise<void> {
  const { release } = input
  const spec = servingSpec(input, linkAt(berth.block, record.link), nameServerOf(berth.block))
  const ended = berth.endings.of(record.id)
  const outcome = await startServing(berth, { spec, release, record, ended, signal, afterCrash })
  if (outcome.kind !== 'healthy') throw await failureOf(berth, { app, release, record }, outcome)
}

interface Started {
  readonly app: App
  readonly release: Release
  readonly record: SandboxRecord
}

type Failure = Exclude<HealthOutcome, { kind: 'healthy' }>

async function failureOf(berth: Berth, { app, release, record }: Started, failure: Failure): Promise<Error> {
  const { port, health } = release.run
  const facts = {
    app: app.name,
    url: `http://${addressOf(berth, record)}:${port}${health.own ? '' : health.path}`,
    isOwn: health.own !== undefined,
    lines: [...(await lastLines(berth, app.name, record)), ...(await refusedLines(berth, app.name))],
    serving: servingNumber(berth, app),
  }
  return failure.kind === 'ended'
    ? startFailed({
        ...facts,
        exit: describeExit(failure.exit),
        outOfMemory: failure.exit.kind !== 'unknown' && failure.exit.outOfMemory,
        seconds: failure.seconds,
      })
    : startUnhealthy({ ...facts, answer: failure.answer, seconds: failure.seconds })
}

/** What dies of its first request has answered its health check, and is told of only once. @throws startFailed */
async function requireAlive(berth: Berth, started: Started): Promise<void> {
  const exit = berth.endings.known(started.record.id)
  if (!exit) return
  const seconds = (Date.now() - Date.parse(started.record.startedAt)) / 1000
  throw await failureOf(berth, started, { kind: 'ended', exit, seconds })
}

function servingNumber({ state }: Berth, app: App): number | undefined {
  return state.sandboxes.serving(app)?.release
}

/** The last lines that a sandbox's application printed. */
export async function lastLines({ paths }: Berth, app: string, { id, release }: SandboxRecord): Promise<string[]> {
  const sandboxNumber = Number(id.slice(id.lastIndexOf('-') + 1))
  const lines = await readLastLines(logFileOf(paths, { app, sandboxNumber, release }), 20)
  return lines.map((line) => line.text)
}

interface Switch extends Started {
  readonly activation: Activation
}

/** First the front, then the state: a crash in between leaves a table that the next daemon sets right from the state. */
async function switchTraffic(berth: Berth, { app, release, record, activation }: Switch): Promise<void> {
  await berth.busy.routing(async () => {
    activation.requireWanted?.()
    // Another application may have got one of them while this one started.
    requireFreeDomains(berth, app, release.run.domains)
    await requireAlive(berth, { app, release, record })
    await applyRoutes(berth, routesOf(berth, record))
    await requireAlive(berth, { app, release, record })
    const old = berth.state.atomically(() => {
      const retired = retireServing(berth, app)
      berth.state.sandboxes.promote(record.id)
      berth.state.apps.setCurrentRelease(app.id, release.number)
      berth.state.apps.setWanted(app.id, 'running')
      activation.commit()
      return retired
    })
    void old?.drain()
  })
}

/** Takes back a sandbox that did not come to serve. */
async function abandon(berth: Berth, record: SandboxRecord): Promise<void> {
  await berth.busy.routing(async () => {
    if (berth.state.sandboxes.find(record.id)?.role !== 'starting') return
    await applyRoutes(berth, routesOf(berth)).catch((error: unknown) => berth.log(`front: ${String(error)}`))
  })
  // Why it did not come to serve is what the operator has to hear, whatever else goes wrong now.
  await berth.isolator.stop(record.id, 0).catch((error: unknown) => berth.log(`${record.id}: ${String(error)}`))
  berth.state.sandboxes.remove(record.id)
}
