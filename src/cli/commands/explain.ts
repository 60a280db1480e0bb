import { nearest } from '../../model/nearest.ts'
import type { ProblemDefinition } from '../../model/problem.ts'
import { usage } from '../../model/problems/client.ts'
import { command, optionalArgument } from '../command.ts'

export const explain = command({
  name: 'explain',
  summary: 'Explain a problem by its code; without a code, list the codes',
  arguments: { code: optionalArgument('CODE', 'as printed in error[CODE]') },
  options: {},
  json: 'an object with `code`, `temporary` and `explain`; without a code, an array of the codes',
  async run({ code }) {
    const { catalogue } = await import('../../model/problems/index.ts')
    const codes = [...catalogue.keys()].sort()
    if (code === undefined) return { kind: 'answer', json: codes, text: codes.join('\n') }
    const found = catalogue.get(code)
    if (!found) throw unknownCode(code, codes)
    return { kind: 'answer', json: { ...found }, text: renderExplanation(found) }
  },
})

function renderExplanation({ code, explain, temporary }: ProblemDefinition): string {
  const retry = temporary ? '\n\nThis is temporary: the same command may succeed later (exit code 75).' : ''
  return `${code}\n\n${explain.trim()}${retry}`
}

function unknownCode(code: string, codes: readonly string[]) {
  const meant = nearest(code, codes)
  return usage({
    message: `There is no problem with the code ${code}`,
    fix: meant === undefined ? '`berth explain` lists the codes' : `Did you mean \`berth explain ${meant}\`?`,
  })
}
