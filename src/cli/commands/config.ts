import type { ConfigEntry } from '../../model/api.ts'
import { argument, command, restArguments } from '../command.ts'
import { table } from '../render/table.ts'

const app = argument('APP', 'name of the application')
const json = 'NDJSON: `Event`, of which the last is `deployed`, `done` or `problem`'

export const configSet = command({
  name: 'config set',
  summary: 'Set variables; a running application gets them as a new release',
  description: `\`NAME=VALUE\` sets it, \`NAME=-\` reads the value from standard input, and a bare \`NAME\` asks for it
without showing it. Settings that the manifest declares secret are sealed and never shown again.`,
  arguments: { app, settings: restArguments('NAME=VALUE', 'settings') },
  options: {},
  json,
  async run(input, context) {
    const { readSettings } = await import('../settings.ts')
    const set = await readSettings(input.settings, context)
    const daemon = await context.daemon()
    return { kind: 'events', verbose: false, events: daemon.work('PATCH', configOf(input.app), { set }) }
  },
})

export const configUnset = command({
  name: 'config unset',
  summary: 'Remove settings; a running application gets a new release',
  arguments: { app, names: restArguments('NAME', 'names of settings') },
  options: {},
  json,
  async run({ app, names }, context) {
    const daemon = await context.daemon()
    return { kind: 'events', verbose: false, events: daemon.work('PATCH', configOf(app), { unset: names }) }
  },
})

export const configList = command({
  name: 'config list',
  summary: 'List what an application takes and what is set',
  arguments: { app },
  options: {},
  json: 'an array of `ConfigEntry`; secrets have no `value`',
  async run({ app }, context) {
    const entries = await (await context.daemon()).get<ConfigEntry[]>(configOf(app))
    return { kind: 'answer', json: entries, text: renderConfig(entries, context.columns) }
  },
})

function configOf(name: string): string {
  return `/v1/apps/${encodeURIComponent(name)}/config`
}

/** One line a variable. */
export function renderConfig(entries: readonly ConfigEntry[], columns: number | undefined): string {
  if (entries.length === 0) return 'the manifest declares no variables, and none are set'
  const rows = entries.map((entry) => [entry.name, valueOf(entry), entry.type, entry.description ?? ''])
  return table(['NAME', 'VALUE', 'TYPE', 'DESCRIPTION'], rows, columns)
}

function valueOf({ value, set, secret, required, declared }: ConfigEntry): string {
  const shown = secret && set ? '(sealed)' : (value ?? (required ? '(missing)' : '(not set)'))
  return declared ? shown : `${shown} (not declared)`
}
