/** What a fault in a Dockerfile is about; each has a problem of its own in `src/model/problems/dockerfile.ts`. */
export type FaultKind =
  'syntax' | 'instruction' | 'flag' | 'variable' | 'value' | 'unsupported' | 'stage' | 'source' | 'trigger'

export interface FaultText {
  /** One sentence, without the file and the line, which whoever knows them adds. */
  readonly message: string
  readonly fix: string
  /** Where in the text that was read, in UTF-16 units. */
  readonly offset?: number
}

/**
 * Something that a text cannot say. What reads a word knows neither file nor line; `reported()` makes a `Problem` of it,
 * so that none leaves this folder.
 */
export class TextFault extends Error {
  readonly kind: FaultKind
  readonly fix: string
  readonly offset: number

  constructor(kind: FaultKind, { message, fix, offset = 0 }: FaultText) {
    super(message)
    this.name = 'TextFault'
    this.kind = kind
    this.fix = fix
    this.offset = offset
  }
}

/** Does some work on a part of a text that begins at `by`; a fault in it is then at its place in the whole. */
export function shifted<Result>(by: number, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    const { kind, message, fix, offset } = error
    throw new TextFault(kind, { message, fix, offset: offset + by })
  }
}
