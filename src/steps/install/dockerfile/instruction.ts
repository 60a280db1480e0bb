import type { Heredoc } from './heredoc.ts'
import type { Healthcheck } from './image-config.ts'
import type { LogicalLine, Word } from './source.ts'

/**
 * An instruction as it is written: variables are not put in, because their values are known only when the image below
 * is. Plain data.
 */
export type Instruction = InstructionContent & {
  readonly line: LogicalLine
  /** Comments right above it. */
  readonly comments: readonly string[]
  /** It comes from an `ONBUILD` of the stage or image below. */
  readonly isTrigger: boolean
}

export type InstructionContent =
  | FromInstruction
  | CopyInstruction
  | RunInstruction
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'arg'; readonly declarations: readonly Declaration[] }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: Command }
  | { readonly kind: 'shell'; readonly argv: readonly string[] }
  | { readonly kind: 'user' | 'workdir' | 'stopsignal' | 'maintainer'; readonly value: Word }
  | { readonly kind: 'volume' | 'expose'; readonly values: readonly Word[] }
  | { readonly kind: 'healthcheck'; readonly healthcheck: Healthcheck }
  /** The trigger is one instruction as text, with its here-documents. */
  | { readonly kind: 'onbuild'; readonly trigger: string }

export interface FromInstruction {
  readonly kind: 'from'
  readonly base: Word
  /** In lower case. */
  readonly name?: string
  readonly platform?: Word
}

export interface CopyInstruction {
  readonly kind: 'copy' | 'add'
  readonly sources: readonly Word[]
  readonly inline: readonly InlineFile[]
  readonly destination: Word
  readonly from?: Word
  readonly chown?: Word
  readonly chmod?: Word
  readonly checksum?: Word
  readonly exclude: readonly string[]
  readonly link: boolean
  readonly parents: boolean
  readonly keepGitDir?: boolean
  readonly unpack?: boolean
}

/** A file whose content stands in the Dockerfile. */
export interface InlineFile {
  readonly name: string
  readonly content: string
  readonly expand: boolean
}

export interface RunInstruction {
  readonly kind: 'run'
  readonly command: Command
  readonly heredocs: readonly Heredoc[]
  readonly mounts: readonly Word[]
  readonly network: 'default' | 'none'
}

/** `shell`: a text for the shell that `SHELL` names; `exec`: an argument list as it is. */
export type Command =
  { readonly form: 'shell'; readonly text: string } | { readonly form: 'exec'; readonly argv: readonly string[] }

export interface Pair {
  readonly name: Word
  readonly value: Word
  /** `ENV name value`, without an equals sign. */
  readonly isLegacy: boolean
}

export interface Declaration {
  readonly name: Word
  /** The default. */
  readonly value?: Word
}
