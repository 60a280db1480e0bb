/**
 * Failures that the operator can act on. Three kinds are never mixed: a `Problem`, a temporary `Problem` that is worth
 * retrying (exit code 75, EX_TEMPFAIL of sysexits.h), and a bug, which is any other `Error`.
 */

/** What a problem says: one sentence of what failed on what, and one command or edit that mends it. */
export interface ProblemText {
  readonly message: string
  readonly fix: string
  /** `file:line` that the operator has to look at. */
  readonly at?: string
  /** Evidence, shown as it is: an application's last lines, a build's last output. */
  readonly lines?: readonly string[]
}

export interface ProblemDefinition {
  readonly code: string
  /** What `berth explain CODE` prints: why this happens and how to go on; Markdown paragraphs. */
  readonly explain: string
  /** Whether trying again later, with nothing changed, may succeed. */
  readonly temporary: boolean
}

/** The same in every copy of this module: the compiled command and the compiled daemon have one each, in one process. */
const isProblem = Symbol.for('berth.problem')

export class Problem extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && isProblem in value
  }

  readonly [isProblem] = true
  readonly definition: ProblemDefinition
  readonly text: ProblemText

  constructor(definition: ProblemDefinition, text: ProblemText, options?: ErrorOptions) {
    super(text.message, options)
    this.name = 'Problem'
    this.definition = definition
    this.text = text
  }

  get code(): string {
    return this.definition.code
  }

  get exitCode(): 1 | 75 {
    return this.definition.temporary ? 75 : 1
  }
}

/** What went wrong, in the words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Every problem that berth can report, by code. Filled as the modules under `problems/` load. */
export const catalogue = new Map<string, ProblemDefinition>()

/**
 * Declares a problem and gives the function that makes it.
 * A code never changes once it has been released: people search for it.
 */
export function problem<Data>(
  code: string,
  definition: {
    readonly explain: string
    readonly temporary?: boolean
    readonly text: (data: Data) => ProblemText
  },
): (data: Data, options?: ErrorOptions) => Problem {
  if (catalogue.has(code)) throw new Error(`two problems share the code ${code}`)
  const known: ProblemDefinition = { code, explain: definition.explain, temporary: definition.temporary ?? false }
  catalogue.set(code, known)
  return (data, options) => new Problem(known, definition.text(data), options)
}
