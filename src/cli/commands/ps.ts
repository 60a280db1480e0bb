import type { AppSummary } from '../../model/api.ts'
import { command } from '../command.ts'
import { formatAge } from '../render/quantity.ts'
import { table } from '../render/table.ts'

export const ps = command({
  name: 'ps',
  summary: 'List the applications and what state they are in',
  arguments: {},
  options: {},
  json: 'an array of `AppSummary`',
  async run(_input, context) {
    const apps = await (await context.daemon()).get<AppSummary[]>('/v1/apps')
    return { kind: 'answer', json: apps, text: renderApps(apps, new Date(), context.columns) }
  },
})

/** One line an application. */
export function renderApps(apps: readonly AppSummary[], now: Date, columns: number | undefined): string {
  if (apps.length === 0) return 'no applications yet; deploy one with `berth deploy FOLDER`'
  const rows = apps.map(({ app, state, release, since, level, url }) => [
    app,
    release ?? '-',
    state,
    since === undefined ? '-' : formatAge(since, now),
    level,
    url,
  ])
  return table(['APP', 'RELEASE', 'STATE', 'SINCE', 'LEVEL', 'ADDRESS'], rows, columns)
}
