import { dockerignoreInvalid } from '../../../model/problems/dockerfile.ts'
import { pathPatterns, type PathPatterns } from './path-patterns.ts'
import { cleanPath, parentOf } from './paths.ts'
import type { SourceFile } from './source.ts'
import { TextFault } from './text-fault.ts'
import type { TreePath } from './source-tree.ts'

/** Where the patterns of a Dockerfile may stand; the first that exists counts. */
export function ignoreFilesOf(dockerfile: string): [string, string] {
  return [`${dockerfile}.dockerignore`, '.dockerignore']
}

/**
 * Reads `.dockerignore`. Lines that begin with `#` are comments; a slash at the beginning means nothing.
 * @throws dockerignore-invalid
 */
export function readIgnoreFile({ path, text }: SourceFile): PathPatterns {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => {
      const pattern = line.startsWith('#') ? '' : normalised(line.trim())
      check(pattern, { path, line: index + 1 })
      return pattern
    })
  return pathPatterns(patterns)
}

function normalised(line: string): string {
  const isException = line.startsWith('!')
  const text = (isException ? line.slice(1) : line).trim()
  const pattern = text === '' ? '' : cleanPath(text).replace(/^\/(?=.)/, '')
  return (isException ? '!' : '') + pattern
}

function check(pattern: string, { path, line }: { path: string; line: number }): void {
  try {
    pathPatterns([pattern])
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    const reason = error.message.replace(/^the pattern |^`!` /, '')
    throw dockerignoreInvalid({ at: `${path}:${line}`, pattern, reason }, { cause: error })
  }
}

/** The context: what the patterns leave of a tree. A directory stays when something in it does. */
export function contextOf<Entry extends TreePath>(entries: readonly Entry[], ignored: PathPatterns): Entry[] {
  const kept = new Set(entries.filter(({ path }) => !ignored.matches(path)).map(({ path }) => path))
  for (const path of kept) if (parentOf(path) !== '') kept.add(parentOf(path))
  return entries.filter(({ path }) => kept.has(path))
}
