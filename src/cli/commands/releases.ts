import type { ReleaseSummary } from '../../model/api.ts'
import { argument, command } from '../command.ts'
import { formatAge } from '../render/quantity.ts'
import { table } from '../render/table.ts'

export const releases = command({
  name: 'releases',
  summary: 'List the releases of an application, newest first',
  arguments: { app: argument('APP', 'name of the application') },
  options: {},
  json: 'an array of `ReleaseSummary`',
  async run({ app }, context) {
    const found = await (await context.daemon()).get<ReleaseSummary[]>(`/v1/apps/${encodeURIComponent(app)}/releases`)
    return { kind: 'answer', json: found, text: renderReleases(found, new Date(), context.columns) }
  },
})

/** One line a release; `*` marks the one that serves. */
export function renderReleases(all: readonly ReleaseSummary[], now: Date, columns: number | undefined): string {
  const rows = all.map(({ release, digest, createdAt, current, source, kept }) => [
    current ? `* ${release}` : `  ${release}`,
    digest.slice('sha256:'.length).slice(0, 12),
    `${formatAge(createdAt, now)} ago`,
    kept ? 'kept' : 'gone',
    source,
  ])
  return table(['  RELEASE', 'IMAGE', 'MADE', 'STORE', 'SOURCE'], rows, columns)
}
