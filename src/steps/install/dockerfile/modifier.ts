import { replaced, withoutPrefix, withoutSuffix } from './shell-pattern.ts'
import { TextFault } from './text-fault.ts'

export type Modifier = ':-' | ':+' | ':?' | '-' | '+' | '?' | '#' | '%' | '/' | '//'

export interface Modified {
  readonly name: string
  readonly value: string | undefined
  readonly symbol: Modifier
  readonly word: string
  /** What `/` puts in the place of what it finds. */
  readonly text?: string
}

/** The value of `${name<symbol><word>}`. A colon makes an empty value count as none. */
export function modified({ name, value, symbol, word, text = '' }: Modified): string {
  const hasValue = value !== undefined && !(symbol.startsWith(':') && value === '')
  switch (symbol) {
    case ':-':
    case '-':
      return hasValue ? value : word
    case ':+':
    case '+':
      return hasValue ? word : ''
    case ':?':
    case '?':
      if (hasValue) return value
      throw missing(name, word === '' ? `it must not be ${value === undefined ? 'unset' : 'empty'}` : word)
    case '#':
    case '%':
      return trimmedBy(value ?? '', symbol, word)
    case '/':
    case '//':
      return replaced(value ?? '', word, { text, all: symbol === '//' })
  }
}

/** The symbol twice means the longest match. */
function trimmedBy(value: string, symbol: '#' | '%', word: string): string {
  const longest = word.startsWith(symbol)
  const pattern = longest ? word.slice(1) : word
  return symbol === '#' ? withoutPrefix(value, pattern, longest) : withoutSuffix(value, pattern, longest)
}

function missing(name: string, reason: string): TextFault {
  return new TextFault('variable', {
    message: `the variable ${name} has no value: ${reason}`,
    fix: `Pass it as a build argument, or give it a default with \`ARG ${name}=…\``,
  })
}
