import type { Variable } from '../../model/manifest.ts'
import { settingsMissing } from '../../model/problems/configure.ts'
import type { Secret } from '../../model/secret.ts'
import { faultOf } from './check.ts'

export { checkAssignment, isRequired } from './check.ts'

/** A value that an operator has set. A secret's is opened only to be checked against its declared type. */
export type GivenValue = { kind: 'plain'; value: string } | { kind: 'secret'; version: number; secret: Secret }

/** The settings part of a release. */
export interface FrozenSettings {
  readonly settings: Readonly<Record<string, string>>
  readonly secretVersions: Readonly<Record<string, number>>
}

/**
 * The configure step: checks everything that is declared against everything that is set, and freezes the outcome.
 * What is set without being declared is passed on too.
 * @throws settingsMissing naming all faults at once
 */
export function configure(
  app: string,
  declared: Readonly<Record<string, Variable>>,
  given: ReadonlyMap<string, GivenValue>,
): FrozenSettings {
  const faults = Object.entries(declared).flatMap(([name, variable]) => {
    const sentence = faultOf(name, variable, valueOf(given.get(name)) ?? defaultOf(variable))
    return sentence === undefined ? [] : [{ name, sentence }]
  })
  if (faults.length > 0) {
    throw settingsMissing({
      app,
      sentences: faults.map((fault) => fault.sentence),
      names: faults.map((fault) => fault.name),
    })
  }
  return freeze(declared, given)
}

function freeze(declared: Readonly<Record<string, Variable>>, given: ReadonlyMap<string, GivenValue>): FrozenSettings {
  const settings = new Map<string, string>()
  const secretVersions = new Map<string, number>()
  for (const [name, variable] of Object.entries(declared)) {
    const value = defaultOf(variable)
    if (value !== undefined) settings.set(name, value)
  }
  for (const [name, value] of given) {
    settings.delete(name)
    if (value.kind === 'plain') settings.set(name, value.value)
    else secretVersions.set(name, value.version)
  }
  return { settings: sorted(settings), secretVersions: sorted(secretVersions) }
}

function sorted<Value>(entries: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function valueOf(given: GivenValue | undefined): string | undefined {
  return given?.kind === 'secret' ? given.secret.reveal() : given?.value
}

function defaultOf(variable: Variable): string | undefined {
  return variable.default === undefined ? undefined : String(variable.default)
}
