import { noStartCommand } from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'

export type ManifestCommand = string | readonly string[]

/** A command of the manifest as arguments: a line goes through a shell, which expands `$PORT`; a list does not. */
export function argvOf(command: ManifestCommand): string[] {
  return typeof command === 'string' ? ['/bin/sh', '-c', `exec ${command}`] : [...command]
}

/** The `web:` line of a Procfile. */
export function procfileCommand(facts: TreeFacts): string | undefined {
  return /^web:[ \t]*(\S.*?)[ \t]*$/m.exec(facts.texts.get('Procfile') ?? '')?.[1]
}

const likelyModules = ['app', 'wsgi', 'webapp', 'main', 'application', 'server', 'asgi']

/**
 * What starts a Python web application: a Procfile, or a server among the requirements and a module with an application.
 * @throws noStartCommand
 */
export function pythonCommand(facts: TreeFacts, requirements: ReadonlySet<string>): string {
  const declared = procfileCommand(facts)
  if (declared !== undefined) return declared
  const target = applicationOf(facts)
  if (target !== undefined && requirements.has('gunicorn')) return `venv/bin/gunicorn -b 0.0.0.0:$PORT ${target}`
  if (target !== undefined && requirements.has('uvicorn'))
    return `venv/bin/uvicorn --host 0.0.0.0 --port $PORT ${target}`
  throw noStartCommand({
    looked: [
      'a `web:` line in Procfile',
      'gunicorn or uvicorn in the requirements',
      'a module with `app = …` at the top',
    ],
  })
}

/** `module:variable` of a top-level assignment. Modules with usual names come first, then the others by name. */
function applicationOf(facts: TreeFacts): string | undefined {
  const modules = [...facts.texts.keys()]
    .filter((path) => /^[A-Za-z_]\w*\.py$/.test(path))
    .map((path) => path.slice(0, -3))
  const rank = (name: string) => (likelyModules.includes(name) ? likelyModules.indexOf(name) : likelyModules.length)
  for (const module of modules.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))) {
    const variable = /^(app|application)\s*(?::[^=\n]+)?=[^=]/m.exec(facts.texts.get(`${module}.py`) ?? '')?.[1]
    if (variable !== undefined) return `${module}:${variable}`
  }
  return undefined
}

/**
 * What starts a Node application: a Procfile, `scripts.start`, or `main`.
 * @throws noStartCommand
 */
export function nodeCommand(facts: TreeFacts, description: { start?: string; main?: string }): string {
  const declared = procfileCommand(facts) ?? description.start
  if (declared !== undefined) return declared
  const main = description.main ?? ['index.js', 'server.js', 'app.js'].find((name) => facts.files.has(name))
  if (main !== undefined) return `node ${shellWord(main)}`
  throw noStartCommand({ looked: ['a `web:` line in Procfile', '`scripts.start` and `main` in package.json'] })
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
