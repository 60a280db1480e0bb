import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import { Manifest } from './manifest.ts'
import { manifestInvalid, manifestNotToml, type ManifestFault } from './problems/manifest.ts'

/**
 * Reads a manifest strictly.
 * @param file how to name it in messages
 * @throws manifestNotToml, manifestInvalid: with the line, and for an unknown key the nearest known one
 */
export function parseManifest(text: string, file: string): Manifest {
  const result = Manifest.safeParse(parseToml(text, file))
  if (result.success) return result.data
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, text))
  throw manifestInvalid({ file, faults: faults.toSorted((a, b) => a.line - b.line) })
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const reason = cause.message.split('\n')[0] ?? 'not TOML'
    throw manifestNotToml({ file, line: cause.line, reason: reason.replace(/^Invalid TOML document: /, '') }, { cause })
  }
}

function faultsOf(issue: z.core.$ZodIssue, text: string): ManifestFault[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key, text))
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    const inner = issue.issues[0]?.message ?? issue.message
    return [
      { line: lineOf(text, issue.path), message: `\`${dotted(issue.path)}\`: the name ${inner}`, fix: 'Rename it' },
    ]
  }
  return [
    {
      line: lineOf(text, issue.path),
      message: `\`${dotted(issue.path)}\` is not valid: ${issue.message}`,
      fix: 'Correct the value; docs/reference/manifest.md says what it may be',
    },
  ]
}

function unknownKey(path: readonly PropertyKey[], key: string, text: string): ManifestFault {
  const where = path.length > 0 ? `[${dotted(path)}]` : 'the top of the manifest'
  const known = knownKeys(path)
  const guess = nearest(key, known)
  return {
    line: lineOf(text, [...path, key]),
    message: `Unknown key \`${key}\` in ${where}`,
    fix: guess ? `Did you mean \`${guess}\`?` : `Remove it; known here: ${known.join(', ')}`,
  }
}

/** The keys that the schema knows at a path; walks through records and defaults. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = Manifest
  for (const key of path) {
    const { shape, valueType } = innards(schema)
    schema = shape?.[String(key)] ?? valueType
  }
  return Object.keys(innards(schema).shape ?? {})
}

function innards(schema: unknown): { shape?: Record<string, unknown>; valueType?: unknown } {
  let inner = schema as
    { def?: { innerType?: unknown; valueType?: unknown; shape?: Record<string, unknown> } } | undefined
  while (inner?.def?.innerType) inner = inner.def.innerType
  const { shape, valueType } = inner?.def ?? {}
  return { ...(shape ? { shape } : {}), ...(valueType ? { valueType } : {}) }
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.')
}

/**
 * The line (from 1) on which a key is written, for messages. The TOML parser keeps no positions, so this looks for the
 * longest part of the path that a table header or a key spells out; the first line when nothing does.
 */
export function lineOf(text: string, path: readonly PropertyKey[]): number {
  const wanted = path.map(String)
  let table: string[] = []
  let best = { depth: 0, line: 1 }
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?/.exec(line)?.[1]
    const key = /^\s*([A-Za-z0-9_."'-]+)\s*=/.exec(line)?.[1]
    if (header !== undefined) table = splitKey(header)
    const here = key === undefined ? table : [...table, ...splitKey(key)]
    if ((header ?? key) === undefined) continue
    const depth = commonDepth(here, wanted, line)
    if (depth > best.depth) best = { depth, line: index + 1 }
  }
  return best.line
}

function splitKey(key: string): string[] {
  return key.split('.').map((part) => part.trim().replaceAll(/^["']|["']$/g, ''))
}

/** How many keys of `wanted` are spelt by this line: its own key, and inside it those of an inline table. */
function commonDepth(here: readonly string[], wanted: readonly string[], line: string): number {
  if (here.some((part, index) => part !== wanted[index])) return 0
  const inline = wanted.slice(here.length)
  const spelt = inline.findIndex((part) => !new RegExp(`[{,]\\s*["']?${RegExp.escape(part)}["']?\\s*=`).test(line))
  return here.length + (spelt === -1 ? inline.length : spelt)
}
