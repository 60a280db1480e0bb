import type { AffectedReport } from '../../model/supply-chain.ts'
import { argument, command } from '../command.ts'
import { renderAffected } from '../render/affected.ts'

export const affected = command({
  name: 'affected',
  summary: 'Find the releases that have a version of a package, such as one with a hole in it',
  description: `PACKAGE is a name, with bounds if not every version counts: \`'openssl<3.0.15'\`, \`'pypi:flask>=1,<1.0.4'\`
(quote it for the shell). Debian's packages are found by their own name and by that of their source; \`deb:\`, \`pypi:\`, \`npm:\`,
\`go:\` in front choose an ecosystem. Versions are compared as each ecosystem does. Locks are asked, of all releases of all
applications, old ones too. Exits with 1 when something that serves is affected.`,
  arguments: { query: argument('PACKAGE', "name and bounds, such as 'openssl<3.0.15'") },
  options: {},
  json: '`AffectedReport`',
  async run({ query }, context) {
    const report = await (await context.daemon()).send<AffectedReport>('POST', '/v1/affected', { query })
    const exitCode = report.found.some(({ serves, onlyBuild }) => serves && !onlyBuild) ? 1 : 0
    return { kind: 'answer', json: report, text: renderAffected(report, context.columns), exitCode }
  },
})
