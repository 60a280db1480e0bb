import { posix } from 'node:path'
import type { LockedInput } from '../../model/lock.ts'
import { fileMissing } from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'

/** What a pip requirements file asks for (pip, "Requirements File Format"). */
export interface Requirements {
  /** Names of distributions, normalised (PEP 503). */
  readonly names: ReadonlySet<string>
  /** Each requirement, and what of its version is said. */
  readonly lines: readonly LockedInput[]
  /** Every file that pip will read, the first one included. */
  readonly files: readonly string[]
  /** Whether something of the source tree itself is to be installed, such as `-e .`. */
  readonly needsTree: boolean
}

/**
 * Reads a requirements file and those that it includes with `-r` and `-c`.
 * @throws install-file-missing when one of them is not in the tree.
 */
export function readRequirements(paths: readonly { path: string; namedBy: string }[], facts: TreeFacts): Requirements {
  const names = new Set<string>()
  const lines: LockedInput[] = []
  const seen = new Set<string>()
  let needsTree = false
  const pending = [...paths]
  for (let next = pending.shift(); next; next = pending.shift()) {
    const { path, namedBy } = next
    if (seen.has(path)) continue
    seen.add(path)
    const text = facts.texts.get(path)
    if (text === undefined) throw fileMissing({ path, namedBy })
    for (const line of logicalLines(text)) {
      const included = /^(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)/.exec(line)?.[1]
      if (included !== undefined && !/^\w+:\/\//.test(included)) {
        pending.push({ path: posix.join(posix.dirname(path), included), namedBy: path })
      } else if (/^(-e|--editable)\b|^\.{0,2}\/|^\.(\[|$)|^file:|@ *file:/.test(line)) needsTree = true
      else if (/^(-f|--find-links)[ =]?\s*(?!\w+:\/\/)/.test(line)) needsTree = true
      else {
        const name = /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(line)?.[0]
        if (name === undefined) lines.push({ file: path, name: line, value: '' })
        else {
          const normalised = name.toLowerCase().replaceAll(/[-_.]+/g, '-')
          names.add(normalised)
          lines.push({ file: path, name: normalised, value: withoutBlanks(line.slice(name.length)) })
        }
      }
    }
  }
  return { names, lines: mergeLines(lines), files: [...seen].sort(), needsTree }
}

/** What follows a name: extras, versions, markers; hashes are in the lock anyhow. */
function withoutBlanks(text: string): string {
  return text
    .replaceAll(/\s*--hash[= ]\S+/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** A name may stand on several lines, with other markers on each. */
function mergeLines(lines: readonly LockedInput[]): LockedInput[] {
  const merged = new Map<string, LockedInput>()
  for (const line of lines) {
    const key = `${line.file}\0${line.name}`
    const known = merged.get(key)
    merged.set(key, known ? { ...line, value: `${known.value} | ${line.value}` } : line)
  }
  return [...merged.values()]
}

/** Lines without comments, continued ones joined. */
function logicalLines(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
}
