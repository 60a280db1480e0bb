import { nothingDetected } from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'
import { detectLanguage } from './plan.ts'
import { describeNode } from './plan-node.ts'
import { readRequirements } from './requirements.ts'
import { nodeCommand, procfileCommand, pythonCommand } from './start-command.ts'

/**
 * Writes the manifest that `berth init` proposes: what berth would do without one, spelled out, with comments.
 * @throws nothingDetected when there is nothing to go by.
 */
export function detectManifest(facts: TreeFacts): string {
  switch (detectLanguage(facts)) {
    case 'python':
      return pythonManifest(facts)
    case 'node':
      return nodeManifest(facts)
    case undefined:
      throw nothingDetected({ found: facts.top.slice(0, 8) })
  }
}

function pythonManifest(facts: TreeFacts): string {
  const { names } = readRequirements([{ path: 'requirements.txt', namedBy: 'Python' }], facts)
  const native = ['psycopg2', 'mysqlclient', 'pillow', 'lxml'].filter((name) => names.has(name))
  return manifest({
    install: [
      '# Python of Debian: 2.7, 3.9, 3.11 or 3.13',
      'python = "3.11"',
      '# Debian packages that the application needs while it runs, and those that only its build needs',
      `# apt = ["libpq5"]`,
      `# build_apt = ["gcc", "python3-dev"]${native.length > 0 ? `   # perhaps for ${native.join(', ')}` : ''}`,
    ],
    command: attempt(() => procfileCommand(facts) ?? pythonCommand(facts, names)),
    example: 'venv/bin/gunicorn -b 0.0.0.0:$PORT app:app',
  })
}

function nodeManifest(facts: TreeFacts): string {
  const { range, start } = describeNode(facts)
  return manifest({
    install: [
      '# Node: a major version or an exact one',
      `node = ${quote(/^\d+(\.\d+){0,2}$/.test(range) ? range : '24')}`,
      '# npm packages whose install scripts may run; none does otherwise',
      '# scripts = ["better-sqlite3"]',
    ],
    command: attempt(() => nodeCommand(facts, start)),
    example: 'node server.js',
  })
}

interface ManifestParts {
  readonly install: readonly string[]
  readonly command: string | undefined
  readonly example: string
}

function manifest({ install, command, example }: ManifestParts): string {
  const start = command === undefined ? `# command = ${quote(example)}` : `command = ${quote(command)}`
  return [
    '# How berth deploys this application; `berth plan` shows what it comes to.',
    '',
    '[install]',
    ...install,
    '',
    '# Settings that the application takes from its environment',
    '# [configure.env]',
    '# DATABASE_URL = { type = "url", secret = true, description = "Where the data is" }',
    '',
    '[start]',
    '# The port is also given to it as PORT',
    start,
    'port = 8000',
    'health = "/"',
    '',
    '# The only places that it may write and that outlive it',
    '# [isolation.volumes]',
    '# data = { path = "/data" }',
    '',
  ].join('\n')
}

/** A basic string of TOML (v1.0, "String"), whose escapes are JSON's. */
function quote(text: string): string {
  return JSON.stringify(text)
}

/** What cannot be detected is left for the operator to fill in. */
function attempt(detect: () => string): string | undefined {
  try {
    return detect()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'no-start-command') return undefined
    throw error
  }
}
