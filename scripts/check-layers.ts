import { globSync } from 'node:fs'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'

/** Checks that imports look down (.dependency-cruiser.mjs), and that every module was looked at. */

const options = await extractOptions('./.dependency-cruiser.mjs')
const { output } = await cruise(['src'], options, undefined, { tsConfig: extractTsConfig('tsconfig.json') })
if (typeof output === 'string') throw new Error('dependency-cruiser gave text instead of a result')

const failures = [...violationsOf(output), ...overlookedBy(output)]
for (const failure of failures) console.error(failure)
if (failures.length > 0) process.exitCode = 1
else
  console.log(
    `layers: ${output.summary.totalCruised} modules, ${output.summary.totalDependenciesCruised} imports, all look down`,
  )

function violationsOf({ summary }: ICruiseResult): string[] {
  const reasons = new Map(options.ruleSet?.forbidden?.map(({ name, comment }) => [name, comment]))
  return summary.violations.map(
    ({ from, to, rule }) => `${from} imports ${to}\n  ${reasons.get(rule.name) ?? rule.name}`,
  )
}

/** With a TypeScript that it does not know, dependency-cruiser finds no modules and is content. */
function overlookedBy({ modules }: ICruiseResult): string[] {
  const seen = new Set(modules.map(({ source }) => source))
  const files = globSync('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'))
  if (files.length === 0) return ['layers: there is no module to check; run it at the top of the repository']
  const overlooked = files.filter((file) => !seen.has(file))
  return overlooked.map((file) => `${file} was not checked: dependency-cruiser did not see it`)
}
