import { nearest } from '../../../model/nearest.ts'
import type { Action } from './action.ts'
import type { EvaluatedStage, Inherited, StageStart, Step } from './evaluated-stage.ts'
import { expandWord, type ExpandOptions, type Lookup } from './expand.ts'
import { defaultPath, scratchConfig, withoutKeys, type HistoryEntry, type ImageConfig } from './image-config.ts'
import type { Instruction } from './instruction.ts'
import { note, wantedNotes, type Note } from './notes.ts'
import { joinPath } from './paths.ts'
import type { DockerfilePlan, Stage } from './plan-data.ts'
import type { Word } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'

/** What changes from one instruction of a stage to the next. */
export class StageState {
  readonly plan: DockerfilePlan
  readonly stage: Stage
  readonly variables: Map<string, string>
  readonly declared: Set<string>
  /** Where the last `CMD`, `ENTRYPOINT` and `HEALTHCHECK` of this stage stand. */
  readonly lastOf = new Map<Instruction['kind'], number>()
  config: ImageConfig
  author: string | undefined
  hasWorkdir: boolean
  readonly #steps: Step[] = []
  readonly #history: HistoryEntry[] = []
  readonly #notes: Note[] = []
  #instruction: Instruction | undefined

  constructor(plan: DockerfilePlan, stage: Stage, start: StageStart) {
    const { variables, declared, hasWorkdir } = inheritedFrom(start)
    this.plan = plan
    this.stage = stage
    this.config = initialConfig(start)
    this.variables = new Map([...Object.entries(variables), ...(this.config.Env ?? []).map(splitVariable)])
    this.declared = new Set(declared)
    this.hasWorkdir = hasWorkdir
    this.author = start.kind === 'stage' ? start.stage.author : undefined
  }

  begin(instruction: Instruction): void {
    this.#instruction = instruction
  }

  /** Where the instruction stands in the file. */
  get line(): number {
    return this.#instruction?.line.line ?? 1
  }

  get workdir(): string {
    return this.config.WorkingDir ?? '/'
  }

  /** Puts variables into a word. */
  expand(word: Word, options: Partial<ExpandOptions> = {}): string {
    return shifted(word.offset, () => this.expandText(word.text, options))
  }

  expandText(text: string, options: Partial<ExpandOptions> = {}): string {
    const { text: result, missing } = expandWord(text, this.lookup, { ...this.escaping, ...options })
    for (const name of missing) this.#noteMissing(name)
    return result
  }

  /** @throws TextFault when there are more variables than any program wants. */
  setVariable(name: string, value: string): void {
    this.variables.set(name, value)
    if (this.variables.size <= mostVariables) return
    throw new TextFault('value', { message: `there are more than ${mostVariables} variables`, fix: 'Set fewer' })
  }

  readonly lookup: Lookup = (name) => this.variables.get(name)

  get escaping(): ExpandOptions {
    return { escape: this.plan.file.directives.escape }
  }

  /** The command line that runs a text in the shell that `SHELL` names. */
  shellArgv(text: string): string[] {
    const shell = this.config.Shell ?? []
    return [...(shell.length > 0 ? shell : ['/bin/sh', '-c']), text]
  }

  note(rule: string, message: string, line = this.line): void {
    this.#notes.push(
      ...wantedNotes([note(rule, line, message)], this.plan.file.checks, this.#instruction?.comments ?? []),
    )
  }

  commit(createdBy: string, action?: Action): void {
    this.#history.push({ created_by: createdBy, empty_layer: action === undefined })
    if (!action || !this.#instruction) return
    const { line } = this.#instruction
    this.#steps.push({ action, title: titleOf(line.text), line: line.line })
  }

  result(): EvaluatedStage {
    const { author } = this
    return {
      index: this.stage.index,
      steps: this.#steps,
      config: this.config,
      ...(author !== undefined && { author }),
      history: this.#history,
      notes: this.#notes,
      inherited: {
        variables: Object.fromEntries(this.variables),
        declared: [...this.declared],
        hasWorkdir: this.hasWorkdir,
      },
    }
  }

  #noteMissing(name: string): void {
    if (this.declared.has(name)) return
    const meant = nearest(name, [...this.variables.keys()])
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
    this.note('UndefinedVar', `The variable ${name} is used, but nothing sets it${hint}`)
  }
}

function inheritedFrom(start: StageStart): Inherited {
  return start.kind === 'stage' ? start.stage.inherited : { variables: {}, declared: [], hasWorkdir: false }
}

/** Triggers have run with `FROM`; there is always a PATH, and a directory to be in. */
function initialConfig(start: StageStart): ImageConfig {
  if (start.kind === 'scratch') return scratchConfig
  const config = withoutKeys(start.kind === 'stage' ? start.stage.config : start.config, ['OnBuild'])
  const variables = config.Env ?? []
  const hasPath = variables.some((variable) => splitVariable(variable)[0] === 'PATH')
  return {
    ...config,
    Env: hasPath ? variables : [...variables, `PATH=${defaultPath}`],
    ...(config.WorkingDir && { WorkingDir: joinPath('/', config.WorkingDir) }),
  }
}

export function splitVariable(variable: string): [string, string] {
  const end = variable.indexOf('=')
  return end < 0 ? [variable, ''] : [variable.slice(0, end), variable.slice(end + 1)]
}

const mostVariables = 1000
const longestTitle = 200

function titleOf(text: string): string {
  const [first = ''] = text.trim().split('\n', 1)
  const title = first.replace(/[\t\v\f\r ]+/g, ' ')
  return title.length > longestTitle ? `${title.slice(0, longestTitle)}…` : title
}
