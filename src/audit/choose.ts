import { levelNames } from '../model/levels.ts'
import { unknownAttack, unknownColumn } from '../model/problems/audit.ts'
import { attacks } from './attacks/index.ts'
import type { Attack } from './attack.ts'

/** The control first, then what others give, then the ladder. */
export const columnNames: readonly string[] = ['none', 'docker-default', 'podman-default', ...levelNames]

/**
 * The columns that were asked for, in their order; without a wish, all of them. The control always plays: without it
 * nobody could tell what is blocked from what does not work on this host.
 * @throws unknownColumn
 */
export function auditColumns(wanted: readonly string[] | undefined): string[] {
  if (!wanted) return [...columnNames]
  const unknown = wanted.find((name) => !columnNames.includes(name))
  if (unknown !== undefined) throw unknownColumn({ name: unknown, known: columnNames })
  return columnNames.filter((name) => name === 'none' || wanted.includes(name))
}

/** By id (`H01`) or name (`rm-host-tree`). @throws unknownAttack */
export function attacksCalled(wanted: readonly string[] | undefined): Attack[] {
  if (!wanted) return [...attacks]
  for (const each of wanted) if (!attacks.some((attack) => isCalled(attack, each))) throw unknownAttack({ name: each })
  return attacks.filter((attack) => wanted.some((each) => isCalled(attack, each)))
}

/** Those that ask for nothing but the copy of a release. @throws unknownAttack */
export function auditReleaseAttacks(wanted: readonly string[] | undefined): Attack[] {
  return attacksCalled(wanted).filter(({ isSafe }) => isSafe === true)
}

function isCalled({ id, name }: Attack, wanted: string): boolean {
  return id.toLowerCase() === wanted.toLowerCase() || name === wanted.toLowerCase()
}
