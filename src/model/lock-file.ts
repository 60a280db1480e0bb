import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { artifactKinds, largestLock, lockFormat, parts, type Artifact, type Lock, type LockedInput } from './lock.ts'
import { lockNewer, lockUnreadable } from './problems/lock.ts'

/** The text of `berth.lock`: TOML, one block an artifact, sorted, made to be read in a diff. */

const head = [
  "# Everything that this application's image is made of, by hash. `berth lock` writes this file: review it and commit",
  '# it, do not edit it.',
  '',
].join('\n')

/** A file that was cut off between two blocks would read as a smaller lock. */
const end = '# end of the lock'

/** The same text for the same lock. */
export function renderLock(lock: Lock): string {
  const top = [
    `format = ${lock.format}`,
    `recipe = ${lock.recipe}`,
    `time = ${rfc3339(lock.time)}`,
    `architecture = ${quote(lock.architecture)}`,
    ...(lock.asOf === undefined ? [] : [`as_of = ${lock.asOf}`]),
  ]
  const inputs = [...Map.groupBy(sortedInputs(lock.inputs), ({ file }) => file)].map(([file, lines]) =>
    [`[input.${quote(file)}]`, ...lines.map(({ name, value }) => `${key(name)} = ${quote(value)}`)].join('\n'),
  )
  const artifacts = lock.artifacts.toSorted(byIdentity).map(renderArtifact)
  return `${[head + top.join('\n'), ...inputs, ...artifacts, end].join('\n\n')}\n`
}

function renderArtifact({ kind, name, version, part, tags, url, sha256, size }: Artifact): string {
  return [
    `[[${kind}]]`,
    `name = ${quote(name)}`,
    `version = ${quote(version)}`,
    ...(part === undefined ? [] : [`part = ${quote(part)}`]),
    ...(tags === undefined || tags.length === 0 ? [] : [`tags = [${tags.toSorted().map(quote).join(', ')}]`]),
    `url = ${quote(url)}`,
    `sha256 = ${quote(sha256)}`,
    `size = ${size}`,
  ].join('\n')
}

function sortedInputs(inputs: readonly LockedInput[]): LockedInput[] {
  return inputs.toSorted((one, other) => compare(one.file, other.file) || compare(one.name, other.name))
}

/** Kinds in their order, then names: an update changes lines where they stand. */
function byIdentity(one: Artifact, other: Artifact): number {
  return (
    artifactKinds.indexOf(one.kind) - artifactKinds.indexOf(other.kind) ||
    compare(one.name, other.name) ||
    compare(one.version, other.version) ||
    compare(one.part ?? '', other.part ?? '') ||
    compare(one.url, other.url)
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** RFC 3339 of whole seconds. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** A bare key of TOML where it will do (v1.0, "Keys"). */
function key(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : quote(name)
}

/** A basic string of TOML (v1.0, "String"), whose escapes are JSON's. */
function quote(text: string): string {
  return JSON.stringify(text)
}

const Line = z.string().regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
const Name = Line.min(1).max(4096)

const ArtifactBlock = z.strictObject({
  name: Name,
  version: Line.max(1024),
  part: z.enum(parts).optional(),
  tags: z.array(Name).optional(),
  url: z.string().regex(/^(https?|ssh|git|file|docker):\/\/[!-~]+$/, 'must be a URL'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  size: z.int().min(0),
})

const Instant = z.date().transform((date) => date.toISOString().replace('.000Z', 'Z'))

const LockText = z.strictObject({
  format: z.literal(lockFormat),
  recipe: z.int().min(1),
  time: z.date().transform((date) => Math.floor(date.getTime() / 1000)),
  architecture: Name,
  as_of: Instant.optional(),
  input: z.record(Name, z.record(Name, Line)).default({}),
  ...Object.fromEntries(artifactKinds.map((kind) => [kind, z.array(ArtifactBlock).default([])] as const)),
})

/**
 * Reads a lock strictly.
 * @param file How to name it in messages.
 * @throws lockUnreadable with the line, lockNewer
 */
export function parseLock(text: string, file: string): Lock {
  if (text.length > largestLock) throw lockUnreadable({ file, line: 1, reason: 'it is larger than 64 MiB' })
  const document = parseToml(text, file)
  if (typeof document['format'] === 'number' && document['format'] > lockFormat) throw lockNewer({ file })
  if (!text.trimEnd().endsWith(end)) {
    throw lockUnreadable({ file, line: text.split('\n').length, reason: `its last line, "${end}", is missing` })
  }
  const result = LockText.safeParse(document)
  if (!result.success) throw invalid(result.error, text, file)
  const { format, recipe, time, architecture, as_of: asOf, input, ...rest } = result.data
  const blocks: Record<string, z.infer<typeof ArtifactBlock>[]> = rest
  const artifacts = artifactKinds.flatMap((kind) => (blocks[kind] ?? []).map((block) => artifactOf(kind, block)))
  return {
    ...{ format, recipe, time, architecture, artifacts },
    ...(asOf === undefined ? {} : { asOf }),
    inputs: Object.entries(input).flatMap(([from, lines]) =>
      Object.entries(lines).map(([name, value]) => ({ file: from, name, value })),
    ),
  }
}

function artifactOf(kind: Artifact['kind'], block: z.infer<typeof ArtifactBlock>): Artifact {
  const { part, tags, ...always } = block
  return { kind, ...always, ...(part === undefined ? {} : { part }), ...(tags === undefined ? {} : { tags }) }
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = /^[<>=|]{7}/m.test(text) ? 'it holds the marks of a merge conflict' : firstLine(error.message)
    throw lockUnreadable({ file, line: error.line, reason }, { cause: error })
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '')
}

function invalid(error: z.ZodError, text: string, file: string): Error {
  const issue = error.issues[0]
  const [kind, index, key] = issue?.path ?? []
  const what = issue?.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}` : (issue?.message ?? '')
  const where = [kind, index, key].filter((part) => part !== undefined).join('.')
  const line = typeof index === 'number' ? lineOfBlock(text, String(kind), index) : 1
  return lockUnreadable({ file, line, reason: `${where === '' ? '' : `${where}: `}${what}` }, { cause: error })
}

function lineOfBlock(text: string, kind: string, index: number): number {
  const lines = text.split('\n').flatMap((line, at) => (line === `[[${kind}]]` ? [at + 1] : []))
  return lines[index] ?? 1
}
