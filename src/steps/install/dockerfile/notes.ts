import * as problems from '../../../model/problems/dockerfile.ts'
import type { SourceFile } from './source.ts'
import { TextFault } from './text-fault.ts'

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

/**
 * Reads the value of `# check=`: `skip=Rule,Rule`, `error=true`, `experimental=…`, with semicolons between them.
 * @throws TextFault for anything else.
 */
export function parseChecks(value: string | undefined): Checks {
  const options = new Map<string, string>()
  for (const part of value === undefined ? [] : value.split(';')) {
    const [, name = '', text = ''] = /^\s*(skip|error|experimental)\s*=(.*)$/s.exec(part) ?? []
    const isRight = name === 'error' ? /^(1|t|true|0|f|false)$/i.test(text.trim()) : name !== ''
    if (!isRight) {
      throw new TextFault('syntax', {
        message: `\`${part}\` is no option of a check`,
        fix: 'Write `skip=Rule` or `error=true`',
      })
    }
    options.set(name, text.trim())
  }
  const skip = (options.get('skip') ?? '').split(',').map((rule) => rule.trim())
  return { skip: skip.filter((rule) => rule !== ''), fails: /^(1|t|true)$/i.test(options.get('error') ?? '') }
}

function skippedBy(comment: string): readonly string[] {
  const value = /^check\s*=\s*(\S+)/i.exec(comment)?.[1]
  try {
    return value === undefined ? [] : parseChecks(value).skip
  } catch (error) {
    // Only a comment, which may say anything.
    if (error instanceof TextFault) return []
    throw error
  }
}

/** Leaves out what the file does not want to hear: for all of it, or in a comment above an instruction. */
export function wantedNotes(notes: readonly Note[], checks: Checks, comments: readonly string[] = []): Note[] {
  const skip = new Set([...checks.skip, ...comments.flatMap(skippedBy)])
  return skip.has('all') ? [] : notes.filter(({ rule }) => !skip.has(rule))
}

/** Rules that BuildKit does not have, so that no Dockerfile can mean them with `error=true`. */
export const ownRules: readonly string[] = ['Syntax', 'JSONFormBroken', 'UnusedBuildArgument']

/** @throws dockerfile-check-failed when the file wants to fail on notes, and there are some. */
export function failOnNotes(source: SourceFile, found: readonly Note[], checks: Checks): void {
  const notes = found.filter(({ rule }) => !ownRules.includes(rule))
  const [first] = notes
  if (!checks.fails || !first) return
  throw problems.dockerfileCheckFailed({
    at: `${source.path}:${first.line}`,
    lines: notes.map(({ rule, line, message }) => `${source.path}:${line}: ${message} (${rule})`),
  })
}
