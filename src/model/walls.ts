import { networkRange, whyNever } from './addresses.ts'

/**
 * What an application prints when it has met a wall of its sandbox, and the line of `[isolation]` that opens it. The words
 * are those of the C library, Python, Node, Go, Java, PHP and Ruby.
 */

/** A wall that an application has met. */
export interface Wall {
  /** What it could not do, as in "it may not write to /app/uploads". */
  readonly what: string
  /** What to add to `[isolation]`. */
  readonly line: string
}

/** @param lines the last lines that it printed. @returns the wall that the latest of them speaks of */
export function wallIn(lines: readonly string[], { outOfMemory = false } = {}): Wall | undefined {
  if (outOfMemory) return needsMemory
  const isOfBerth = (line: string) => line.startsWith('berth: ')
  const said = lines.filter((line) => !isOfBerth(line)).toReversed()
  // What berth itself has seen comes last: an application may try much that it can do without.
  return firstOf(said, readers) ?? firstOf(lines.filter(isOfBerth), [refusal])
}

type Reader = (line: string) => Wall | undefined

function firstOf(lines: readonly string[], readers: readonly Reader[]): Wall | undefined {
  for (const line of lines) {
    // PHP ends with the place in its own source.
    const said = line.replace(/ in \/\S+ on line \d+$/, '')
    for (const read of readers) {
      const wall = read(said)
      if (wall) return wall
    }
  }
  return undefined
}

const needsMemory: Wall = { what: 'it needs more memory than it has', line: 'memory = "1G"' }

const quoted = `["'\`‘“]?(/[^"'\`’”:,()\\s]+)`

/** Either `… file system: '/app/x'` or `open('/app/x'): … file system`, or `/app/x: … file system`. */
function pathBeside(message: string, line: string): string | undefined {
  const after = new RegExp(`${message}[^/"']{0,20}${quoted}`, 'i').exec(line)?.[1]
  return after ?? new RegExp(`${quoted}["'\`’”)]{0,2}:?[^/]{0,40}${message}`, 'i').exec(line)?.[1]
}

const readers: readonly Reader[] = [
  readOnly,
  noSpace,
  unknownName,
  refusedAddress,
  tooMany,
  outOfMemoryIn,
  readOnlyDatabase,
]

/** How a library says that it got no process or thread; a look at whether one is there already says the same of a socket. */
const noProcess = new RegExp(
  [
    "can't (start new|create) thread",
    'unable to create (new )?native thread',
    'pthread_create(:| failed)',
    'failed to create new OS thread',
    '\\bfork(ed)?\\b.{0,60}Resource temporarily unavailable',
    'BlockingIOError: \\[Errno 11\\]',
    '(spawn|ERR_WORKER_INIT_FAILED).*EAGAIN',
  ].join('|'),
  'i',
)

function tooMany(line: string): Wall | undefined {
  return noProcess.test(line)
    ? { what: 'it wants more processes or threads than it may have', line: 'pids = 1024' }
    : undefined
}

/** Collectors that set themselves a limit by that of the sandbox end before the kernel ends them. */
function outOfMemoryIn(line: string): Wall | undefined {
  return /JavaScript heap out of memory|OutOfMemoryError: (Java heap|Metaspace|GC overhead)|Perhaps out of memory\?/.test(
    line,
  )
    ? needsMemory
    : undefined
}

/** SQLite does not say where the database lies. */
function readOnlyDatabase(line: string): Wall | undefined {
  return /attempt to write a readonly database|unable to open (the )?database file/i.test(line)
    ? { what: 'it may not write where its SQLite database lies', line: 'volumes.data = { path = "/data" }' }
    : undefined
}

function readOnly(line: string): Wall | undefined {
  if (!/read-only file system|EROFS/i.test(line)) return undefined
  const path = pathBeside('(?:read-only file system|EROFS)', line)
  if (path === undefined) return undefined
  const directory = directoryOf(path)
  const name = nameFor(directory)
  return { what: `it may not write to ${path}`, line: `volumes.${name} = { path = "${directory}" }` }
}

/** What has an extension is a file, and so is what lies directly in the root. */
function directoryOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  const last = parts.at(-1) ?? ''
  return `/${(parts.length > 1 && last.includes('.') ? parts.slice(0, -1) : parts).join('/')}`
}

function nameFor(directory: string): string {
  const word = (directory.split('/').at(-1) ?? '').toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')
  return /^[a-z][a-z0-9-]{0,30}$/.test(word) ? word : 'data'
}

function noSpace(line: string): Wall | undefined {
  if (!/no space left on device|ENOSPC/i.test(line)) return undefined
  const path = pathBeside('(?:no space left on device|ENOSPC)', line)
  return path === undefined || /^\/(tmp|dev\/shm|run)(\/|$)/.test(path)
    ? { what: 'what it may write to memory is full', line: 'tmp = "512M"' }
    : { what: `the volume with ${path} is full`, line: 'a larger `size` for that volume' }
}

const https = '443'
const host = `["'\`]?([a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)["'\`]?`
/** Each with the port that is meant where the line names none. */
const unknownNames: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ${host}(?::(\\d+))?`), https],
  [new RegExp(`host='([^']+)', port=(\\d+)\\).*(?:resol|getaddrinfo|Name or service|Connection refused)`), https],
  [new RegExp(`Failed to resolve ${host}`), https],
  [new RegExp(`could not translate host name ${host} to address`), '5432'],
  [new RegExp(`getaddrinfo for ${host} failed`), https],
  [new RegExp(`lookup ${host}(?: on [^ ]+)?: `), https],
  [new RegExp(`UnknownHostException: ${host}`), https],
  [new RegExp(`[Cc]ould not resolve host:? ${host}`), https],
]

function unknownName(line: string): Wall | undefined {
  for (const [pattern, port] of unknownNames) {
    const match = pattern.exec(line)
    if (match?.[1] !== undefined) return egressTo(match[1], match[2] ?? port)
  }
  return undefined
}

function refusedAddress(line: string): Wall | undefined {
  if (!/refused/i.test(line)) return undefined
  const [, address, port] = /\b(\d{1,3}(?:\.\d{1,3}){3})[:"', (]+(?:port )?(\d{1,5})\b/.exec(line) ?? []
  if (address === undefined || port === undefined) return undefined
  const range = networkRange(address)
  if (!range || whyNever(range) !== undefined) return undefined
  return egressTo(address, port)
}

/** As `describeRefusal` words it. */
function refusal(line: string): Wall | undefined {
  const [, what, allow] =
    /^berth: \S+ (?:tried|asked for) ([^\s,;]+).*; to allow it add ((?:egress|links) = \[.*?\])/.exec(line) ?? []
  return what === undefined || allow === undefined ? undefined : { what: `it may not reach ${what}`, line: allow }
}

function egressTo(name: string, port: string): Wall {
  return { what: `it may not reach ${name}`, line: `egress = ["${name}:${port}"]` }
}
