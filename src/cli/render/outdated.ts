import type { Event } from '../../model/events.ts'
import { safeText } from './safe-text.ts'
import { table } from './table.ts'

/** What could move, a line a package, and what is not known. */
export function renderOutdated({ asked, packages, unknown }: Extract<Event, { kind: 'outdated' }>): string {
  const rows = packages.map(({ name, kind, locked, newest, heldBy }) => [name, kind, locked, newest, heldBy ?? ''])
  const older =
    rows.length === 0
      ? `${asked - unknown.length} packages are the newest that there are`
      : `${table(['NAME', 'KIND', 'LOCKED', 'NEWEST', 'HELD BACK BY'], rows, undefined)}\n\n${rows.length} of ${asked} packages; \`berth lock --update [NAME...]\` moves what nothing but the lock holds back`
  const reasons = Map.groupBy(unknown, ({ reason }) => reason)
  const lines = [...reasons].map(([reason, all]) => `not known of ${listed(all.map(({ name }) => name))}: ${reason}`)
  return [older, ...lines.map(safeText)].join('\n')
}

const mostNames = 8

function listed(names: readonly string[]): string {
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
  return `${names.slice(0, mostNames).join(', ')}${more}`
}
