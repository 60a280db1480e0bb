import { TextFault } from './text-fault.ts'

/** What the comments at the very top say: `# syntax=…`, `# escape=…`, `# check=…`. */
export interface Directives {
  readonly escape: EscapeCharacter
  readonly syntax?: { readonly value: string; readonly line: number }
  readonly check?: { readonly value: string; readonly line: number }
}

/** Escapes the next character, and at the end of a line continues it. */
export type EscapeCharacter = '\\' | '`'

const known = ['syntax', 'escape', 'check']

/** Collects directives line by line; the first line that is none ends them. */
export class DirectiveReader {
  readonly #found = new Map<string, { value: string; line: number }>()
  #done = false

  /**
   * @param line without leading white space
   * @returns whether the line is a directive
   * @throws TextFault for one that is there twice, and for an escape character that cannot be one.
   */
  read(line: string, number: number): boolean {
    const match = this.#done ? null : /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.*?)\s*$/.exec(line)
    const name = match?.[1]?.toLowerCase()
    const value = match?.[2]
    if (name === undefined || value === undefined || value === '' || !known.includes(name)) {
      this.#done = true
      return false
    }
    this.#add(name, value, number)
    return true
  }

  #add(name: string, value: string, line: number): void {
    if (this.#found.has(name)) {
      throw new TextFault('syntax', { message: `the directive \`${name}\` is there twice`, fix: 'Remove one of them' })
    }
    if (name === 'escape' && value !== '\\' && value !== '`') {
      throw new TextFault('syntax', {
        message: `\`${value}\` cannot be the escape character`,
        fix: 'Write `# escape=\\` or ``# escape=` ``',
      })
    }
    this.#found.set(name, { value, line })
  }

  get escape(): EscapeCharacter {
    return this.#found.get('escape')?.value === '`' ? '`' : '\\'
  }

  get directives(): Directives {
    const syntax = this.#found.get('syntax')
    const check = this.#found.get('check')
    return { escape: this.escape, ...(syntax && { syntax }), ...(check && { check }) }
  }
}
