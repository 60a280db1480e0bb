/** Says where a page comes from, for whoever would edit it. */
export function generatedFrom(source: string): string {
  return `<!-- Generated from ${source} by \`npm run docs\`. Edit that. -->`
}

/** A Markdown table; `|` in cells is escaped. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Sections of a page, a blank line between them. */
export function page(...sections: readonly string[]): string {
  return `${sections.map((section) => section.trim()).join('\n\n')}\n`
}
