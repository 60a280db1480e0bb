import { levelFacts, levelNames, type LimitKey } from '../../src/model/levels.ts'
import { levelPromises, promiseMeanings, type PromiseName } from '../../src/model/promises.ts'
import { generatedFrom, markdownTable, page } from './generated.ts'

/** docs/reference/levels.md: the table that the contract suite holds every level to. */
export function levelsPage(): string {
  const names = Object.keys(promiseMeanings) as PromiseName[] // keys of that very object
  const yes = (holds: boolean) => (holds ? 'yes' : '')
  const promises = names.map((name) => [
    promiseMeanings[name],
    ...levelNames.map((level) => yes(levelPromises[level][name])),
  ])
  const keys: readonly LimitKey[] = ['memory', 'cpus', 'pids', 'tmp']
  const limits = keys.map((key) => [
    `is held to \`${key}\``,
    ...levelNames.map((level) => yes(!levelFacts[level].cannotGive.includes(key))),
  ])
  const meanings = levelNames.map((name) => {
    const { meaning, isUnsafe } = levelFacts[name]
    return `- **${name}**${isUnsafe ? ' (unsafe)' : ''}: ${meaning}`
  })
  return page(
    '# Levels of isolation',
    generatedFrom('src/model/promises.ts'),
    meanings.join('\n'),
    'An application at this level …',
    markdownTable(['', ...levelNames], [...promises, ...limits]),
  )
}
