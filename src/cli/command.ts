import type { Connection } from '../client/connection.ts'
import type { Instance } from '../client/instance.ts'
import type { Event } from '../model/events.ts'

/** One thing that the operator gives to a command: an argument or an option. */
export interface Parameter<Value> {
  /** As in usage: `APP`, or `-f, --follow`. */
  readonly written: string
  readonly description: string
  /** An argument that may be left out, or that takes all that is left. */
  readonly arity: 'one' | 'optional' | 'rest'
  readonly repeatable: boolean
  read(raw: unknown): Value
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>
export type ValuesOf<Some extends Parameters> = {
  readonly [Name in keyof Some]: Some[Name] extends Parameter<infer Value> ? Value : never
}

/** An argument that must be there. */
export function argument(written: string, description: string): Parameter<string> {
  return { written, description, arity: 'one', repeatable: false, read: String }
}

export function optionalArgument(written: string, description: string): Parameter<string | undefined> {
  return { written, description, arity: 'optional', repeatable: false, read: textOrNothing }
}

/** All arguments that are left, at least one. */
export function restArguments(written: string, description: string): Parameter<readonly string[]> {
  return { written, description, arity: 'rest', repeatable: false, read: texts }
}

/** An option without a value. */
export function flag(written: string, description: string): Parameter<boolean> {
  return { written, description, arity: 'optional', repeatable: false, read: (raw) => raw === true }
}

/** An option with a value, such as `--since TIME`. */
export function option(written: string, description: string): Parameter<string | undefined> {
  return { written, description, arity: 'optional', repeatable: false, read: textOrNothing }
}

/** An option with a value that may be given several times. */
export function repeatableOption(written: string, description: string): Parameter<readonly string[]> {
  return { written, description, arity: 'optional', repeatable: true, read: texts }
}

/** An option that stands alone, or with values: `true`, or the values. */
export function listOption(written: string, description: string): Parameter<true | readonly string[] | undefined> {
  const read = (raw: unknown) => (raw === undefined ? undefined : raw === true ? true : texts(raw))
  return { written, description, arity: 'optional', repeatable: false, read }
}

function textOrNothing(raw: unknown): string | undefined {
  return typeof raw === 'string' ? raw : undefined
}

function texts(raw: unknown): readonly string[] {
  return Array.isArray(raw) ? raw.map(String) : []
}

/** What a command gives back. It prints nothing itself, so that `--json` and the terminal cannot disagree. */
export type Outcome =
  | { readonly kind: 'answer'; readonly json: unknown; readonly text: string; readonly exitCode?: number }
  | { readonly kind: 'events'; readonly events: AsyncIterable<Event>; readonly verbose: boolean }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<{ readonly json: unknown; readonly text: string }> }
  /** What there was to see went by already. */
  | { readonly kind: 'ended'; readonly exitCode: number }

/** What a command may use of the world. */
export interface Context {
  readonly json: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly workingDirectory: string
  readonly instance: Instance
  /** The command line that the operator gave. */
  readonly commandLine: string
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal
  /** Columns of the terminal; undefined when the answer does not go to one. */
  readonly columns: number | undefined
  /** Talks to the operator, beside the answer. */
  say(line: string): void
  /** Connects with the daemon, which is started when it does not run. */
  daemon(): Promise<Connection>
  /** Asks the operator; undefined where nobody can answer. */
  readonly ask: Asking | undefined
  readStdin(): Promise<string>
}

export interface Asking {
  confirm(question: string): Promise<boolean>
  /** Reads a line that is not shown. */
  secret(prompt: string): Promise<string>
}

export interface Command<Arguments extends Parameters = Parameters, Options extends Parameters = Parameters> {
  /** One word, or two for a command of a group: `config set`. */
  readonly name: string
  readonly summary: string
  /** Paragraphs for `berth help COMMAND` and the reference. */
  readonly description?: string
  readonly arguments: Arguments
  readonly options: Options
  /** What `--json` prints, in words and the names of shapes in docs/reference/json.md. */
  readonly json: string
  run(input: ValuesOf<Arguments> & ValuesOf<Options>, context: Context): Promise<Outcome>
}

/** Declares a command; its input is typed by what it declares. */
export function command<Arguments extends Parameters, Options extends Parameters>(
  definition: Command<Arguments, Options>,
): Command {
  return definition
}
