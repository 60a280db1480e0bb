import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/cli/commands.ts'
import { generatedFrom, markdownTable, page } from './generated.ts'

/** docs/reference/json.md: the shapes are the declarations themselves, so that they cannot lag. */
export function jsonPage(): string {
  const api = read('api.ts')
  const events = read('events.ts')
  const supplyChain = read('supply-chain.ts')
  return page(
    '# JSON output',
    generatedFrom('src/model (api.ts, events.ts, proof.ts, supply-chain.ts, lock-changes.ts) and src/cli/commands'),
    `With \`--json\` a command prints one JSON value, or one a line (NDJSON), on standard output. Keys are added over time;
none is renamed or removed. The last line of work that failed, and the only one of a command that failed, is a
\`ProblemEvent\`.`,
    markdownTable(
      ['command', 'prints'],
      commands.map(({ name, json }) => [`\`${name}\``, json]),
    ),
    ...[
      'AppSummary',
      'AppStatus',
      'ReleaseSummary',
      'LogLine',
      'ConfigEntry',
      'GcReport',
      'DeployPlan',
      'PlannedLock',
    ].map((name) => section(name, declaration(api, name))),
    ...supplyChainShapes.map((name) => section(name, declaration(supplyChain, name))),
    ...proofShapes.map((name) => section(name, declaration(read('proof.ts'), name))),
    section('LockChange', declaration(read('lock-changes.ts'), 'LockChange')),
    section('AppState', declaration(api, 'appStates')),
    section('Event', declaration(events, 'Event')),
    section('ProgressUnit', declaration(events, 'ProgressUnit')),
    section('ProblemEvent', declaration(events, 'ProblemEvent')),
  )
}

const supplyChainShapes = [
  ...['OutdatedPackage', 'UnknownPackage'],
  ...['Difference', 'FileDifference', 'FileChange', 'SettingChange', 'RunChange'],
  ...['AffectedReport', 'AffectedRelease'],
]

const proofShapes = ['Reproduction', 'BuildDifference', 'Verification', 'Drift', 'ScrubReport', 'Damage']

function section(name: string, text: string): string {
  return `## ${name}\n\n\`\`\`ts\n${text}\n\`\`\``
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../src/model', name), 'utf8')
}

/** The text of one exported declaration: up to the blank line that follows it. */
function declaration(source: string, name: string): string {
  const found = new RegExp(`^export (?:interface|type|const) ${name}\\b[^]*?(?=\\n\\n|\\n*$(?![^]))`, 'm').exec(source)
  if (!found) throw new Error(`src/model declares no ${name}`)
  return found[0].replace(/^export /, '')
}
