import { inspect } from 'node:util'

/** A value that must never be printed. Every use of the value itself is a call of `reveal`, so one search finds all. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** Removes the userinfo of every URL in `text`: a git or registry URL may carry a password (RFC 3986, 3.2.1). */
export function withoutUserinfo(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi, '$1')
}
