import * as problems from '../../../model/problems/dockerfile.ts'
import type { SourceFile } from './source.ts'

/** Something that builds, but hardly as it was meant. Rules are named as in BuildKit, which `# check=skip=` names. */
export interface Note {
  readonly rule: string
  readonly line: number
  readonly message: string
}

export function note(rule: string, line: number, message: string): Note {
  return { rule, line, message }
}

/** What `# check=` asks for. */
export interface Checks {
  readonly skip: readonly string[]
  /** Whether a note fails the build. */
  readonly fails: boolean
}

/** @returns nothing skipped for what cannot be read: a check stops no build. */
export function parseChecks(value: string | undefined): Checks {
  const options = new Map<string, string>()
  for (const part of (value ?? '').split(';')) {
    const [name = '', text = ''] = part.split('=', 2)
    options.set(name.trim(), text.trim())
  }
  const skip = (options.get('skip') ?? '').split(',').map((rule) => rule.trim())
  return { skip: skip.filter((rule) => rule !== ''), fails: /^(1|t|true)$/i.test(options.get('error') ?? '') }
}

/** Leaves out what the file does not want to hear: for all of it, or in a comment above an instruction. */
export function wantedNotes(notes: readonly Note[], checks: Checks, comments: readonly string[] = []): Note[] {
  const local = comments.map((comment) => /^check\s*=\s*(\S+)/i.exec(comment)?.[1]).find((value) => value !== undefined)
  const skip = new Set([...checks.skip, ...parseChecks(local).skip])
  return skip.has('all') ? [] : notes.filter(({ rule }) => !skip.has(rule))
}

/** @throws dockerfile-check-failed when the file wants to fail on notes, and there are some. */
export function failOnNotes(source: SourceFile, notes: readonly Note[], checks: Checks): void {
  const [first] = notes
  if (!checks.fails || !first) return
  throw problems.dockerfileCheckFailed({
    at: `${source.path}:${first.line}`,
    lines: notes.map(({ rule, line, message }) => `${source.path}:${line}: ${message} (${rule})`),
  })
}
