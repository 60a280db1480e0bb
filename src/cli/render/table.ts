import { safeText } from './safe-text.ts'

/** Padded columns under a heading, without lines. A row wider than the terminal is cut, at its last column first. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const cells = [headings, ...rows].map((row) => row.map(safeText))
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => displayWidth(row[index] ?? ''))))
  return cells
    .map((row) => {
      const padded = row.map((cell, index) => pad(cell, index === row.length - 1 ? 0 : (widths[index] ?? 0)))
      return cut(padded.join('  ').trimEnd(), columns)
    })
    .join('\n')
}

/** Names and values below each other: the names padded to the same width. */
export function fields(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => displayWidth(name)))
  return entries.map(([name, value]) => `${pad(name, width)}  ${safeText(value)}`).join('\n')
}

/** Cuts a line so that it fits; a line of unknown room stays whole. */
export function cut(line: string, columns: number | undefined): string {
  if (columns === undefined || displayWidth(line) <= columns) return line
  let width = 0
  let kept = ''
  for (const character of line) {
    width += characterWidth(character)
    if (width > columns - 1) break
    kept += character
  }
  return `${kept}…`
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

/** How many columns a text takes: East Asian wide characters and emoji two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

function characterWidth(character: string): 0 | 1 | 2 {
  if (/[\p{Mn}\p{Me}\u200b-\u200d\ufe0e\ufe0f]/u.test(character)) return 0
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}\u{20000}-\u{3fffd}]/u.test(
    character,
  )
    ? 2
    : 1
}
