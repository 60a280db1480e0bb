import * as problems from '../../../model/problems/dockerfile.ts'
import type { Problem } from '../../../model/problem.ts'
import { TextFault, type FaultKind } from './text-fault.ts'

/** A Dockerfile: its path as the operator knows it, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Part of a logical line, and where it stands in the file; line and column count from 1. */
export interface Piece {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** One instruction's text with its continuations joined, as BuildKit joins them. */
export interface LogicalLine {
  readonly text: string
  readonly pieces: readonly Piece[]
  /** Its first and last line in the file; here-documents are counted in. */
  readonly line: number
  readonly endLine: number
}

/** A part of a logical line, and where in it it begins. */
export interface Word {
  readonly text: string
  readonly offset: number
}

/** Where a fault is, for the operator: `file:line`, and an excerpt with a caret under the column. */
export interface Place {
  readonly at: string
  readonly lines: readonly string[]
}

const problemOf: Readonly<Record<FaultKind, (data: problems.DockerfileFault, options?: ErrorOptions) => Problem>> = {
  syntax: problems.dockerfileSyntax,
  instruction: problems.dockerfileUnknownInstruction,
  flag: problems.dockerfileUnknownFlag,
  variable: problems.dockerfileVariable,
  value: problems.dockerfileValue,
  unsupported: problems.dockerfileUnsupported,
  stage: problems.dockerfileStage,
  source: problems.dockerfileSource,
  trigger: problems.dockerfileTrigger,
}

/**
 * Does some work on a line; a fault in it becomes a problem that shows the place.
 * @throws Problem of `src/model/problems/dockerfile.ts`
 */
export function reported<Result>(source: SourceFile, line: LogicalLine, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    throw problemAt(source, locate(line, error.offset), error)
  }
}

/** The problem that a fault at a place is. */
export function problemAt(source: SourceFile, place: { line: number; column: number }, fault: TextFault): Problem {
  const { kind, message, fix } = fault
  return problemOf[kind]({ message, fix, ...placeOf(source, place) }, { cause: fault })
}

/** The place of an offset of a logical line in its file. */
export function locate({ pieces, line }: LogicalLine, offset: number): { line: number; column: number } {
  const piece = pieces.findLast((one) => one.offset <= offset)
  return piece ? { line: piece.line, column: piece.column + offset - piece.offset } : { line, column: 1 }
}

const before = 60
const after = 40

/** An excerpt of at most a hundred characters, so that one long line of a hostile file does not fill the terminal. */
export function placeOf(source: SourceFile, { line, column }: { line: number; column: number }): Place {
  const text = lineOf(source.text, line)
  const start = Math.max(0, column - 1 - before)
  const shown = printable(text.slice(start, column - 1 + after))
  const margin = String(line)
  return {
    at: `${source.path}:${line}`,
    lines: [`${margin} | ${shown}`, `${' '.repeat(margin.length)} | ${' '.repeat(column - 1 - start)}^`],
  }
}

function lineOf(text: string, line: number): string {
  return text.split('\n', line)[line - 1]?.replace(/\r$/, '') ?? ''
}

/** One character for one, so that the caret stays where it belongs. */
function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '·')
}
