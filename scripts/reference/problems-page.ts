import { catalogue } from '../../src/model/problems/index.ts'
import { generatedFrom, page } from './generated.ts'

/** docs/reference/problems.md */
export function problemsPage(): string {
  const problems = [...catalogue.values()].sort((a, b) => (a.code < b.code ? -1 : 1))
  return page(
    '# Problems',
    generatedFrom('src/model/problems'),
    'What berth can report, by the code in `error[CODE]`. `berth explain CODE` prints the same. A code never changes.',
    ...problems.map(({ code, explain, temporary }) => {
      const retry = temporary ? '\n\nTemporary: the same command may succeed later. The exit code is 75.' : ''
      return `## ${code}\n\n${explain.trim()}${retry}`
    }),
  )
}
