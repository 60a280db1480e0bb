import { nearest } from '../../../model/nearest.ts'
import { dockerfileStage } from '../../../model/problems/dockerfile.ts'
import type { Dockerfile } from './dockerfile.ts'
import type { Stage } from './plan-data.ts'
import { placeOf } from './source.ts'

/**
 * The stage that is to be built: by name (the later one of two), by number, else the last.
 * @throws dockerfile-stage
 */
export function chooseTarget({ source }: Dockerfile, stages: readonly Stage[], name: string | undefined): number {
  if (name === undefined || name === '') return stages.length - 1
  const named = stages.findLast((stage) => stage.name === name.toLowerCase())
  const numbered = /^\d{1,6}$/.test(name) ? stages[Number(name)] : undefined
  const stage = named ?? numbered
  if (stage) return stage.index
  const names = stages.flatMap((one) => one.name ?? [])
  const meant = nearest(name, names)
  throw dockerfileStage({
    message: `it has no stage ${name}, which is to be built`,
    fix:
      meant !== undefined
        ? `Did you mean \`${meant}\`?`
        : names.length > 0
          ? `Choose one of ${names.join(', ')}`
          : 'Name it with `FROM … AS name`',
    ...placeOf(source, { line: stages.at(-1)?.line.line ?? 1, column: 1 }),
  })
}
