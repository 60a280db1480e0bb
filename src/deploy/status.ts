import type { AppState, AppStatus, AppSummary, ConfigEntry, ReleaseSummary } from '../model/api.ts'
import { join } from 'node:path'
import { releaseName, type Digest } from '../model/names.ts'
import { Problem } from '../model/problem.ts'
import { problemMessageOf } from '../store/deployments.ts'
import { isRequired } from '../steps/configure/index.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'
import { lookForRefusals } from './egress/look.ts'
import { postureOf } from './posture.ts'
import { addressOf, urlOf } from './routing.ts'
import { lastScrub } from './scrubbing/scrubber.ts'
import { crashLoopFrom } from './supervise.ts'

/** What operators ask: read from the state, changes nothing. */

export function summaryOf(berth: Berth, app: App): AppSummary {
  const { state } = berth
  const serving = state.sandboxes.serving(app)
  const release = app.currentRelease === undefined ? undefined : state.releases.get(app, app.currentRelease)
  return {
    app: app.name,
    state: stateOf(app, serving !== undefined),
    ...(release ? { release: releaseName(release.number) } : {}),
    url: urlOf(berth, app.name),
    level: release?.run.level ?? 'container',
    ...(serving ? { since: serving.startedAt } : {}),
  }
}

function stateOf(app: App, isServing: boolean): AppState {
  if ((app.trouble?.restarts ?? 0) >= crashLoopFrom) return 'crash-loop'
  if (isServing) return 'running'
  return app.wanted === 'stopped' ? 'stopped' : 'restarting'
}

export async function statusOf(berth: Berth, app: App): Promise<AppStatus> {
  const { state, paths } = berth
  // What was refused a moment ago is what an operator looks for.
  await lookForRefusals(berth).catch(() => undefined)
  const release = app.currentRelease === undefined ? undefined : state.releases.get(app, app.currentRelease)
  const serving = state.sandboxes.serving(app)
  const found = serving && (await berth.isolator.list()).find(({ id }) => id === serving.id)
  const last = state.deployments.latest(app)
  return {
    ...summaryOf(berth, app),
    ...(release ? { image: release.image } : {}),
    ...(app.trouble
      ? { trouble: { exit: app.trouble.exit, restarts: app.trouble.restarts, lines: app.trouble.lines } }
      : {}),
    ...(serving && found?.state === 'running'
      ? { sandbox: { id: serving.id, pid: found.pid, address: addressOf(berth, serving) } }
      : {}),
    ...(release
      ? {
          limits: {
            memory: release.run.limits.memoryBytes,
            cpus: release.run.limits.cpus,
            pids: release.run.limits.pids,
          },
        }
      : {}),
    volumes: (release?.run.volumes ?? []).map((volume) => ({
      ...volume,
      source: join(paths.volumes, app.name, volume.name),
    })),
    domains: release?.run.domains ?? [],
    reach: {
      egress: release?.run.egress ?? [],
      links: release?.run.links ?? [],
      bandwidth: release?.run.bandwidth ?? 0,
    },
    refused: berth.refusals.of(app.name),
    ...(release && found?.state === 'running' ? await postureOf(berth, app, release, found.pid) : {}),
    ...checkedPart(berth, app),
    ...auditedPart(berth, app),
    ...(last
      ? {
          lastDeployment: { number: last.id, state: last.state, startedAt: last.started_at, ...problemMessageOf(last) },
        }
      : {}),
  }
}

function checkedPart(berth: Berth, { name }: App): Pick<AppStatus, 'checked'> {
  const last = lastScrub(berth)
  if (!last) return {}
  return { checked: { at: last.finishedAt, damage: last.damage.filter(({ apps }) => apps.includes(name)) } }
}

function auditedPart({ state }: Berth, app: App): Pick<AppStatus, 'audited'> {
  const audited = app.currentRelease === undefined ? undefined : state.audits.get(app, app.currentRelease)
  return audited ? { audited } : {}
}

export async function releasesOf(berth: Berth, app: App): Promise<ReleaseSummary[]> {
  const releases = berth.state.releases.list(app)
  return Promise.all(
    releases.map(async ({ number, image, createdAt, source }) => ({
      release: releaseName(number),
      digest: image,
      createdAt,
      current: number === app.currentRelease,
      source: source.description,
      kept: await isKept(berth, image),
    })),
  )
}

/** A damaged image is as good as none; a rollback to it says what is damaged. */
async function isKept({ images }: Berth, image: Digest): Promise<boolean> {
  return images.hasImage(image).catch((error: unknown) => {
    if (error instanceof Problem) return false
    throw error
  })
}

/** Every setting that is declared or set. A secret's value is never among them. */
export function configOf({ state }: Berth, app: App): ConfigEntry[] {
  const set = new Map(state.settings.list(app).map((setting) => [setting.name, setting]))
  const names = [...new Set([...Object.keys(app.declared), ...set.keys()])].sort()
  return names.map((name) => {
    const setting = set.get(name)
    const variable = app.declared[name]
    const value = setting?.kind === 'plain' ? setting.value : setting ? undefined : variable?.default?.toString()
    const isSecret = setting?.kind === 'secret' || variable?.secret === true
    return {
      name,
      ...(value !== undefined && !isSecret ? { value } : {}),
      set: setting !== undefined,
      secret: isSecret,
      required: variable !== undefined && isRequired(variable),
      declared: variable !== undefined,
      type: variable?.type ?? 'string',
      ...(variable?.description === undefined ? {} : { description: variable.description }),
    }
  })
}
