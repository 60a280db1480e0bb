import { evaluateCopy } from './evaluate-copy.ts'
import { evaluateRun } from './evaluate-run.ts'
import * as settings from './evaluate-settings.ts'
import type { EvaluatedStage, StageStart } from './evaluated-stage.ts'
import type { Instruction } from './instruction.ts'
import { failOnNotes } from './notes.ts'
import type { DockerfilePlan } from './plan-data.ts'
import { reported } from './source.ts'
import { StageState } from './stage-state.ts'

/**
 * Evaluates a stage: a pure function of the plan and of what the stage stands on.
 * @throws Problem of `src/model/problems/dockerfile.ts`
 */
export function evaluateStage(plan: DockerfilePlan, index: number, start: StageStart): EvaluatedStage {
  const stage = plan.stages[index]
  if (!stage) throw new Error(`the plan has no stage ${index}`)
  const { source, checks } = plan.file
  const state = new StageState(plan, stage, start)
  for (const instruction of stage.instructions) {
    state.begin(instruction)
    reported(source, instruction.line, () => evaluate(instruction, state))
  }
  const evaluated = state.result()
  failOnNotes(source, evaluated.notes, checks)
  return evaluated
}

function evaluate(instruction: Instruction, state: StageState): void {
  switch (instruction.kind) {
    case 'run': {
      evaluateRun(instruction, state)
      return
    }
    case 'copy':
    case 'add': {
      evaluateCopy(instruction, state)
      return
    }
    case 'env':
    case 'label': {
      settings.evaluatePairs(instruction, state)
      return
    }
    case 'arg': {
      settings.evaluateArg(instruction.declarations, state)
      return
    }
    case 'cmd':
    case 'entrypoint': {
      settings.evaluateCommand(instruction, state)
      return
    }
    case 'volume': {
      settings.evaluateVolume(instruction.values, state)
      return
    }
    case 'expose': {
      settings.evaluateExpose(instruction.values, state)
      return
    }
    case 'user':
    case 'workdir':
    case 'stopsignal':
    case 'maintainer': {
      settings.evaluateText(instruction, state)
      return
    }
    case 'shell':
    case 'healthcheck':
    case 'onbuild': {
      settings.evaluateFixed(instruction, state)
      return
    }
    case 'from':
      throw new Error('FROM begins a stage, and is no instruction in one')
  }
}
