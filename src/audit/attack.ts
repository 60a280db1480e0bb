import type { AuditGroup } from '../model/audit-groups.ts'
import type { AuditAttack } from '../model/audit.ts'
import type { Scene } from './stage/scene.ts'

/** One thing that somebody does who has taken an application over, and how it is seen whether it got him anywhere. */
export interface Attack extends Omit<AuditAttack, 'isMinor'> {
  /** What leaks by it reaches neither the host nor another application. */
  readonly isMinor?: boolean
  /** May run in a copy of an operator's own release: it asks for nothing of the scene but the copy itself. */
  readonly isSafe?: boolean
  /** Seconds until it is given up; default 20. */
  readonly seconds?: number
  /** Why the control does not run it: what it would do there reaches past the outer container. */
  readonly notAtControl?: string
  /**
   * It asks the host's kernel, or for what that says of the application's process: a level with a kernel of its own
   * answers in its place, and has no such process on the host.
   */
  readonly asksKernel?: boolean
  /** What it leaves behind in the application is not for the attacks after it. */
  readonly restarts?: boolean
  /** It ends the whole scene, so it comes last. */
  readonly isLast?: boolean
  /** An application that ends under it has met its own limit: that is what limits are for. */
  readonly mayEndApplication?: boolean
  /**
   * Done right before it: what it finds is new, so that what earlier attacks did is not taken for its doing. What this
   * gives is told to the exploit, and given to the judge.
   */
  before?(scene: Scene): Promise<Given>
  /** Done beside it, from outside, if need be until the exploit has answered; what this gives is given to the judge. */
  during?(scene: Scene, answered: Promise<unknown>): Promise<Given | undefined>
  /** What was seen of it; undefined when it got nowhere. */
  judge(seen: Seen): Evidence | Promise<Evidence>
}

/** Who an attack is, on one line. */
export function named(
  group: AuditGroup,
  id: string,
  name: string,
  title: string,
): Pick<Attack, 'group' | 'id' | 'name' | 'title'> {
  return { group, id, name, title }
}

/** In words, at most a line; undefined when there is none. */
export type Evidence = string | undefined

/** Facts that were found or made before or beside an attack, by their names. */
export type Given = Readonly<Record<string, string | number>>

/** What there is to judge by. */
export interface Seen {
  readonly scene: Scene
  readonly given: Given
  /** All that came out through the application's door. */
  readonly output: string
  /** The same, as the exploit put it; empty when it said nothing. */
  readonly said: Readonly<Record<string, unknown>>
}

/** A leak is a token that came out: it was never in what the attacker was given. */
export function comesOut(...names: readonly string[]): Attack['judge'] {
  return ({ scene, output }) => {
    const name = names.find((each) => output.includes(scene.token(each)))
    return name === undefined ? undefined : `the token of ${scene.describeToken(name)} came out`
  }
}

/** A leak is that the exploit got its way with this; nobody else could see it. */
export function isDone(name: string, evidence: string): Attack['judge'] {
  return ({ said }) => (said[name] === 'done' ? evidence : undefined)
}

/** A leak is that this list is not empty. */
export function findsSome(name: string, what: string): Attack['judge'] {
  return ({ said }) => {
    const found = listOf(said[name])
    if (found.length === 0) return undefined
    const shown = found.slice(0, 4).join(', ')
    return `${what}: ${shown}${found.length > 4 ? ` and ${found.length - 4} more` : ''}`
  }
}

/** A leak is that there was at least so much of it. */
export function reaches(name: string, least: (scene: Scene) => number, what: string): Attack['judge'] {
  return ({ scene, said }) => (numberOf(said[name]) >= least(scene) ? `${numberOf(said[name])} ${what}` : undefined)
}

/** A leak is any answer of the kernel's own code; a refusal is one of these. */
export const refusals = ['EPERM', 'EACCES', 'ENOSYS', 'ENOENT', 'EROFS', 'EAFNOSUPPORT', 'killed']

export function isAnswered(name: string, evidence: string): Attack['judge'] {
  return ({ said }) => {
    const answer = said[name]
    return typeof answer === 'string' && !refusals.includes(answer) ? `${evidence} (${answer})` : undefined
  }
}

export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))) : []
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
