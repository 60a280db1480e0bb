import { release, type as systemName, arch } from 'node:os'
import type {
  AuditAttack,
  AuditCell,
  AuditColumn,
  AuditReport,
  PostureReport,
  RuntimeAdvisory,
} from '../model/audit.ts'
import type { Attack } from './attack.ts'

interface Outcome {
  readonly column: AuditColumn
  readonly cells: ReadonlyMap<string, AuditCell>
  readonly posture: readonly PostureReport[]
}

/** Puts what each column came to side by side. */
export function reportOf(found: {
  readonly startedAt: string
  readonly seconds: number
  readonly attacks: readonly Attack[]
  readonly outcomes: readonly Outcome[]
  readonly runtime: string
  readonly advisories: readonly RuntimeAdvisory[]
}): AuditReport {
  const { startedAt, seconds, attacks, outcomes, runtime, advisories } = found
  const cells: Record<string, Record<string, AuditCell>> = {}
  for (const { id } of attacks) {
    cells[id] = Object.fromEntries(
      outcomes.flatMap(({ column, cells: own }): [string, AuditCell][] => {
        const cell = own.get(id)
        return cell === undefined ? [] : [[column.name, cell]]
      }),
    )
  }
  return {
    ...{ startedAt, seconds, kernel: kernelName() },
    ...{ runtime, advisories: [...advisories] },
    columns: outcomes.map(({ column }) => column),
    attacks: attacks.map(shownAttack),
    cells,
    posture: outcomes.flatMap(({ posture }) => posture),
  }
}

/** What is told of an attack; how it is done is not. */
export function shownAttack({ id, name, title, group, leaksWhen, isMinor = false }: Attack): AuditAttack {
  return { id, name, title, group, leaksWhen, isMinor }
}

/** Such as `Linux 6.1.0-18-amd64 x64`. */
export function kernelName(): string {
  return `${systemName()} ${release()} ${arch()}`
}
