import type { Step } from './evaluated-stage.ts'
import type { DockerfilePlan } from './plan-data.ts'
import { problemAt } from './source.ts'
import { TextFault } from './text-fault.ts'

/**
 * Carries out a step. What `selectSources()`, `placeSources()` or `parseMode()` find wrong with it becomes a problem that
 * shows the instruction.
 * @throws Problem of `src/model/problems/dockerfile.ts`, and whatever the work throws.
 */
export async function reportedStep<Result>(
  plan: DockerfilePlan,
  step: Pick<Step, 'line'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    throw problemAt(plan.file.source, { line: step.line, column: 1 }, error)
  }
}
