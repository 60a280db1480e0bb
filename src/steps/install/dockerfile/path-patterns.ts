import { globMatcher, type Glob, type GlobToken } from './glob.ts'
import { pathGlob, readToken } from './path-glob.ts'
import { cleanPath, parentOf } from './paths.ts'
import { TextFault } from './text-fault.ts'

/**
 * Lists of patterns as `.dockerignore`, `--exclude` and `--parents` have them: those of `pathGlob()`, with `**` for any
 * number of directories, and `!` to take back what an earlier one matched. What matches a directory matches all in it.
 *
 * Not @balena/dockerignore, which follows an older Docker: it fails on names with `+`, `(` or `{`, and takes
 * exponential time on patterns with many `**`.
 */
export interface PathPatterns {
  /** Whether some pattern takes back what another one matched. */
  readonly hasExceptions: boolean
  /** @param path relative, without `.` and `..`, with slashes. */
  matches(path: string): boolean
}

interface Rule {
  readonly isMatch: (path: string) => boolean
  readonly isException: boolean
}

/** @throws TextFault for a pattern that is none. */
export function pathPatterns(patterns: readonly string[]): PathPatterns {
  const rules = patterns.flatMap((pattern) => ruleOf(pattern) ?? [])
  return { hasExceptions: rules.some(({ isException }) => isException), matches: (path) => matches(rules, path) }
}

function matches(rules: readonly Rule[], path: string): boolean {
  const paths = withParents(path)
  let isMatched = false
  for (const { isMatch, isException } of rules) {
    if (isException === isMatched && paths.some(isMatch)) isMatched = !isException
  }
  return isMatched
}

function withParents(path: string): string[] {
  const paths = [path]
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) paths.push(parent)
  return paths
}

function ruleOf(written: string): Rule | undefined {
  const trimmed = written.trim()
  if (trimmed === '') return undefined
  const pattern = cleanPath(trimmed)
  const isException = pattern.startsWith('!')
  if (pattern === '!') throw new TextFault('source', { message: '`!` needs a pattern after it', fix: 'Write one' })
  const text = isException ? pattern.slice(1) : pattern
  // Only for what is wrong with it: `**` is two stars to that function.
  pathGlob(text)
  return { isMatch: globMatcher(deepGlob(text)), isException }
}

function deepGlob(pattern: string): Glob {
  const tokens: GlobToken[] = []
  const characters = Array.from(pattern)
  for (let at = 0; at < characters.length;) {
    if (characters[at] !== '*' || characters[at + 1] !== '*') {
      const { token, end } = readToken(characters, at)
      tokens.push(token)
      at = end
      continue
    }
    const end = characters[at + 2] === '/' ? at + 3 : at + 2
    const isPrefixOfName = at === 0 && end === 2 && characters.slice(end).every((one) => !'*?[]\\'.includes(one))
    tokens.push(end === characters.length || isPrefixOfName ? anything : { kind: 'directories' })
    at = end
  }
  return tokens
}

const anything: GlobToken = { kind: 'many', except: '' }
