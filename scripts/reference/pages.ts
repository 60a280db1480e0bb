import { manifestJsonSchema } from '../../src/model/manifest.ts'
import { commandsPage } from './commands-page.ts'
import { jsonPage } from './json-page.ts'
import { levelsPage } from './levels-page.ts'
import { manifestPage } from './manifest-page.ts'
import { problemsPage } from './problems-page.ts'

/** Every page of docs/reference, by file name; made of the sources alone. */
export function referencePages(): Map<string, string> {
  return new Map([
    ['commands.md', commandsPage()],
    ['manifest.md', manifestPage()],
    ['berth.schema.json', `${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`],
    ['problems.md', problemsPage()],
    ['json.md', jsonPage()],
    ['levels.md', levelsPage()],
  ])
}
