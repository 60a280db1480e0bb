/**
 * RECORD of an installed Python distribution: a line for each of its files, in no order that means anything (Recording
 * installed projects, packaging.python.org). pip sorts it; virtualenv writes it as a file system lists its directories.
 */
export function withSortedLines(record: Buffer): Buffer | undefined {
  const text = record.toString('latin1')
  // A name with a line break in it is quoted, and more than a line.
  if (text === '' || text.includes('"')) return undefined
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const sorted = Buffer.from(`${lines.sort().join('\n')}\n`, 'latin1')
  return sorted.equals(record) ? undefined : sorted
}
