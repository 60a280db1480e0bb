import type { AffectedReport } from '../../model/supply-chain.ts'
import { safeText } from './safe-text.ts'
import { table } from './table.ts'

/** A line a release and package; `*` marks what serves. */
export function renderAffected({ found, releases, notes }: AffectedReport, columns: number | undefined): string {
  const rows = found.map((each) => [
    `${each.serves ? '*' : ' '} ${each.app}`,
    each.release,
    each.source === undefined ? each.package : `${each.package} (${each.source})`,
    each.version,
    [each.kind, ...(each.onlyBuild ? ['only to build'] : [])].join(', '),
  ])
  const apps = new Set(found.filter(({ serves, onlyBuild }) => serves && !onlyBuild).map(({ app }) => app)).size
  const summary =
    rows.length === 0
      ? `none of ${releases} releases`
      : `${table(['  APP', 'RELEASE', 'PACKAGE', 'VERSION', 'KIND'], rows, columns)}\n\n${apps === 0 ? 'nothing that serves' : `${apps} ${apps === 1 ? 'application serves' : 'applications serve'} with it`}`
  return [summary, ...notes.map((note) => `note: ${safeText(note)}`)].join('\n')
}
