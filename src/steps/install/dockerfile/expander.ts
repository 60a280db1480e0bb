import type { EscapeCharacter } from './directives.ts'
import { modified, type Modifier } from './modifier.ts'
import { TextFault } from './text-fault.ts'

/** @returns undefined for a variable that is not set. */
export type Lookup = (name: string) => string | undefined

export interface ExpandOptions {
  readonly escape: EscapeCharacter
  /** Taken away (the default), kept in the result, or characters like any. */
  readonly quotes?: 'take' | 'keep' | 'ignore'
  readonly escapes?: 'take' | 'keep'
  /** What becomes of a variable that is not set: nothing, or it stays as it is written. */
  readonly unset?: 'drop' | 'keep'
  /** UTF-16 units; the result may not be longer. */
  readonly longest?: number
}

/** Part of a result; white space in one that is not `fixed` separates words. */
export interface Part {
  readonly text: string
  readonly fixed: boolean
}

/** How a stretch is read: whether escapes stay, and whether it is a pattern, which is read once more afterwards. */
interface Manner {
  readonly keepEscapes: boolean
  readonly isPattern: boolean
}

const plain: Manner = { keepEscapes: false, isPattern: false }
const pattern: Manner = { keepEscapes: true, isPattern: true }
const replacement: Manner = { keepEscapes: true, isPattern: false }

/** Linux gives no program a longer variable or argument; and `ENV a=$a$a` on many lines would fill the memory. */
const longestResult = 128 * 1024

/** Reads a text once, from left to right. */
export class Expander {
  readonly missing = new Set<string>()
  readonly #text: string
  readonly #lookup: Lookup
  readonly #options: ExpandOptions
  #at = 0
  #room: number

  constructor(text: string, lookup: Lookup, options: ExpandOptions) {
    this.#text = text
    this.#lookup = lookup
    this.#options = options
    this.#room = options.longest ?? longestResult
  }

  all(): Part[] {
    return this.#until('', { ...plain, keepEscapes: this.#options.escapes === 'keep' })
  }

  get #next(): string {
    const code = this.#text.codePointAt(this.#at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #take(): string {
    const character = this.#next
    this.#at += character.length
    return character
  }

  /** Reads up to a character that ends the stretch, and over it; to the end of the text when there is none. */
  #until(stop: string, manner: Manner): Part[] {
    const parts: Part[] = []
    while (this.#next !== '') {
      if (this.#next === stop) {
        this.#take()
        return parts
      }
      const part = this.#part(manner)
      this.#room -= part.text.length
      if (this.#room < 0) {
        throw this.#fault('the result is too long', 'Write the text into a file instead', this.#at)
      }
      parts.push(part)
    }
    if (stop === '') return parts
    throw this.#fault(
      `\`${stop}\` is missing after \`\${\``,
      `Write the \`${stop}\`, or \`\\$\` for a dollar`,
      this.#at,
    )
  }

  #part(manner: Manner): Part {
    const { escape, quotes } = this.#options
    const character = this.#next
    if (character === '$') return { text: this.#dollar(), fixed: false }
    if (character === '<') return { text: this.#less(), fixed: true }
    if (character === "'" && quotes !== 'ignore') return { text: this.#singleQuoted(manner), fixed: true }
    if (character === '"' && quotes !== 'ignore') return { text: this.#doubleQuoted(manner), fixed: true }
    this.#take()
    if (character !== escape) return { text: character, fixed: false }
    return { text: (manner.keepEscapes ? escape : '') + this.#take(), fixed: true }
  }

  /** The white space after `<<` belongs to the here-document. */
  #less(): string {
    let text = this.#take()
    if (this.#text.charAt(this.#at) !== '<') return text
    text += this.#take()
    while (/[ \t\r]/.test(this.#text.charAt(this.#at))) text += this.#take()
    return text
  }

  #singleQuoted({ isPattern }: Manner): string {
    const start = this.#at
    const quote = this.#options.quotes === 'keep' ? this.#next : ''
    this.#take()
    let text = quote
    for (;;) {
      const character = this.#take()
      if (character === '') throw this.#openQuote("'", start)
      if (character === "'") return text + quote
      text += isPattern && character === this.#options.escape ? character + character : character
    }
  }

  #doubleQuoted(manner: Manner): string {
    const start = this.#at
    const quote = this.#options.quotes === 'keep' ? this.#next : ''
    this.#take()
    let text = quote
    for (;;) {
      if (this.#next === '') throw this.#openQuote('"', start)
      if (this.#next === '"') {
        this.#take()
        return text + quote
      }
      text += this.#next === '$' ? this.#dollar() : this.#inDoubleQuotes(manner)
    }
  }

  /** Only `"`, `$` and the escape character itself can be escaped; before others it is a character like any. */
  #inDoubleQuotes({ keepEscapes, isPattern }: Manner): string {
    const { escape, quotes } = this.#options
    const character = this.#take()
    if (character !== escape || this.#next === '') return character === escape ? '' : character
    if ([escape, '"', '$'].includes(this.#next)) return (keepEscapes ? escape : '') + this.#take()
    const isReadAgain = keepEscapes && (quotes !== 'keep' || isPattern)
    return isReadAgain ? escape + escape : escape
  }

  #dollar(): string {
    const start = this.#at
    this.#take()
    if (this.#next === '{') return this.#braced(start)
    const name = this.#name()
    return name === '' ? '$' : this.#valueOr(name, `$${name}`)
  }

  #valueOr(name: string, written: string): string {
    const value = this.#get(name)
    return value === undefined && this.#options.unset === 'keep' ? written : (value ?? '')
  }

  #get(name: string): string | undefined {
    const value = this.#lookup(name)
    if (value === undefined) this.missing.add(name)
    return value
  }

  #braced(start: number): string {
    this.#take()
    const name = this.#name()
    if (name === '') {
      const what = this.#next === '' ? '`}` is missing after `${`' : `\`\${${this.#next}\` names no variable`
      throw this.#fault(what, 'Write `${name}`, or `\\$` for a dollar', start)
    }
    const first = this.#take()
    if (first === '}') return this.#valueOr(name, `\${${name}}`)
    if (first === '/') return this.#replaced(name, start)
    const symbol = first === ':' ? first + this.#take() : first
    const manner = '#%'.includes(symbol) ? pattern : plain
    if (!isModifier(symbol)) throw this.#unknownModifier(name, symbol, start)
    const word = textOf(this.#until('}', manner))
    const value = this.#get(name)
    if (value === undefined && this.#options.unset === 'keep') return `\${${name}${symbol}${word}}`
    return this.#shownAt(start, () => modified({ name, value, symbol, word }))
  }

  #replaced(name: string, start: number): string {
    const all = this.#next === '/'
    if (all) this.#take()
    const search = textOf(this.#until('/', pattern))
    const text = textOf(this.#until('}', replacement))
    const value = this.#get(name)
    if (value === undefined && this.#options.unset === 'keep') return `\${${name}/${search}/${text}}`
    return this.#shownAt(start, () => modified({ name, value, symbol: all ? '//' : '/', word: search, text }))
  }

  /** Letters, digits and `_`; digits alone when it begins with one; or one of the shell's special parameters. */
  #name(): string {
    const rest = this.#text.slice(this.#at, this.#at + longestName)
    const [name = ''] = /^(?:\p{Nd}+|[@*#?$!-]|[\p{L}\p{Nd}_]+)/u.exec(rest) ?? []
    this.#at += name.length
    return name
  }

  /** A fault of a modifier is shown where the variable begins. */
  #shownAt(start: number, work: () => string): string {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof TextFault)) throw error
      throw this.#fault(error.message, error.fix, start)
    }
  }

  #unknownModifier(name: string, symbol: string, offset: number): TextFault {
    if (this.#next === '' && symbol.length < 2) {
      return this.#fault('`}` is missing after `${`', 'Write the `}`, or `\\$` for a dollar', offset)
    }
    return this.#fault(
      `\`\${${name}${symbol}…}\` is not understood`,
      'Use one of `:-`, `:+`, `:?`, `-`, `+`, `?`, `#`, `%` and `/` after the name',
      offset,
    )
  }

  #openQuote(quote: string, offset: number): TextFault {
    return this.#fault(`the quote \`${quote}\` has no end`, `Write \`${quote}\` at its end, or \`\\${quote}\``, offset)
  }

  #fault(message: string, fix: string, offset: number): TextFault {
    return new TextFault('variable', { message, fix, offset })
  }
}

const longestName = 1024
const modifiers: readonly string[] = [':-', ':+', ':?', '-', '+', '?', '#', '%'] satisfies Modifier[]

function isModifier(symbol: string): symbol is Modifier {
  return modifiers.includes(symbol)
}

function textOf(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join('')
}
