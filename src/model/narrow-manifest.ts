/** A change of `[isolation]` in the text of a `berth.toml`, which keeps everything else as it was written. */

/** What `berth isolation learn` would have in the manifest; an undefined part stays as it is. */
export interface Narrowed {
  readonly syscalls: readonly string[]
  readonly egress: readonly string[] | undefined
}

/** The lines for `[isolation]`. */
export function narrowLines({ syscalls, egress }: Narrowed): string[] {
  return [
    ...list('syscalls', syscalls),
    ...(egress === undefined ? [] : [`egress = [${egress.map((item) => JSON.stringify(item)).join(', ')}]`]),
  ]
}

/** @returns the manifest with these lines in `[isolation]`, in place of those for the same keys */
export function narrowManifest(text: string, narrowed: Narrowed): string {
  const lines = narrowLines(narrowed)
  const keys = ['syscalls', ...(narrowed.egress === undefined ? [] : ['egress'])]
  const all = text.split('\n')
  const head = all.findIndex((line) => /^\s*\[isolation\]\s*(#.*)?$/.test(line))
  if (head === -1) return `${text.trimEnd()}\n\n[isolation]\n${lines.join('\n')}\n`
  const next = all.findIndex((line, index) => index > head && /^\s*\[/.test(line) && !isInside(all, head, index))
  const end = next === -1 ? all.length : next
  const kept = withoutKeys(all.slice(head + 1, end), keys)
  return [...all.slice(0, head + 1), ...lines, ...kept, ...all.slice(end)].join('\n')
}

/** Whether a line that begins with a bracket is a part of a list that was begun above it. */
function isInside(all: readonly string[], head: number, index: number): boolean {
  let depth = 0
  for (const line of all.slice(head + 1, index)) depth += depthOf(line)
  return depth > 0
}

function withoutKeys(lines: readonly string[], keys: readonly string[]): string[] {
  const kept: string[] = []
  let depth = 0
  for (const line of lines) {
    const key = depth === 0 ? /^\s*([a-z_]+)\s*=/.exec(line)?.[1] : undefined
    const isDropped = depth > 0 || (key !== undefined && keys.includes(key))
    if (isDropped) depth += depthOf(line)
    else kept.push(line)
  }
  return kept
}

/** Brackets opened and not closed in a line, but for those in texts and comments. */
function depthOf(line: string): number {
  const bare = line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '').replace(/#.*$/, '')
  return bare.split('[').length - bare.split(']').length
}

/** A list of words, wrapped so that it can be read. */
function list(key: string, words: readonly string[]): string[] {
  const lines: string[] = []
  let line = ' '
  for (const word of words) {
    const next = ` ${JSON.stringify(word)},`
    if (line.length + next.length > 100) {
      lines.push(line)
      line = ' '
    }
    line += next
  }
  return [`${key} = [`, ...lines, ...(line === ' ' ? [] : [line]), ']']
}
