import { releaseName } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import { initialise } from '../steps/initialise/index.ts'
import type { App } from '../store/apps.ts'
import { activate } from './activate.ts'
import { requireClean } from './audit/release.ts'
import type { Berth } from './berth.ts'
import { reachesBeyond } from './egress/links.ts'
import { refusedLines } from './egress/look.ts'
import { step, type Change } from './journal.ts'
import { runOneOff } from './one-off.ts'

export interface RollOut {
  readonly release: Release
  /** Whether the release is made by this change: then it is initialised, and taken back when it does not come to serve. */
  readonly isNew: boolean
  readonly commit: () => void
}

/** Brings a release into service: initialise, when it is new, and start. */
export async function rollOut(berth: Berth, change: Change, { release, isNew, commit }: RollOut): Promise<void> {
  const { app, deployment, emit, signal } = change
  const { state, images } = berth
  state.deployments.leadsTo(deployment, release.number)
  if (isNew) state.releases.add(app, release)
  try {
    await images.tag(release.image, tagOf(release))
    if (isNew) await initialiseRelease(berth, change, release)
    if (isNew) await requireClean(berth, change, release)
    await step('start', emit, async () => {
      state.deployments.reached(deployment, 'start')
      const succeed = () => {
        commit()
        state.deployments.succeeded(deployment)
      }
      const record = await activate(berth, app, release, { signal, commit: succeed })
      return { result: record, summary: `${record.id} is healthy and has the traffic` }
    })
  } catch (error) {
    if (isNew) await takeBack(berth, app, release)
    throw error
  }
}

async function initialiseRelease(berth: Berth, change: Change, release: Release): Promise<void> {
  const { commands, timeoutSeconds } = release.run.initialise
  if (commands.length === 0) return
  const { app, emit, signal, deployment } = change
  await step('initialise', emit, async () => {
    berth.state.deployments.reached(deployment, 'initialise')
    const serving = berth.state.sandboxes.serving(app)?.release
    await initialise(commands, {
      run: (argv, io, abort) => runOneOff(berth, { app, release, argv, io, signal: abort }),
      refusedLines: () => (reachesBeyond(release.run) ? refusedLines(berth, app.name) : Promise.resolve([])),
      ...{ timeoutSeconds, serving, emit, signal },
    })
    const summary = `${commands.length} ${commands.length === 1 ? 'command' : 'commands'} run`
    return { result: undefined, summary }
  })
}

/** A release that never served leaves no trace; its number is free again. */
export async function takeBack({ state, images }: Berth, app: App, release: Release): Promise<void> {
  await images.untag(tagOf(release))
  state.audits.remove(app, release.number)
  state.releases.remove(app, release.number)
}

export function tagOf({ app, number }: Pick<Release, 'app' | 'number'>): string {
  return `${app}:${releaseName(number)}`
}
