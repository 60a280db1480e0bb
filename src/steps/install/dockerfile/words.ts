import type { EscapeCharacter } from './directives.ts'
import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'

/** White space as Go's unicode.IsSpace sees it. */
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

export function isSpace(character: string): boolean {
  return space.test(character)
}

/** A text without the given characters at its end; a regular expression would take quadratic time on long runs. */
export function trimEnd(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

/** A word without the white space around it. */
export function trimmed({ text, offset }: Word): Word {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charAt(start))) start += 1
  while (end > start && isSpace(text.charAt(end - 1))) end -= 1
  return { text: text.slice(start, end), offset: offset + start }
}

/** Splits at white space, quotes or not: how `FROM`, `EXPOSE`, `COPY`, `ADD` and `VOLUME` see their arguments. */
export function plainWords({ text, offset }: Word): Word[] {
  return [...text.matchAll(/[^\t\v\f\r ]+/g)].map((match) => ({ text: match[0], offset: offset + match.index }))
}

/**
 * Splits at white space outside of quotes; quotes and escapes stay in the words, for `expandWord()` to take away.
 * How `ENV`, `LABEL` and `ARG` see their arguments.
 */
export function quotedWords({ text, offset }: Word, escape: EscapeCharacter): Word[] {
  const words: Word[] = []
  let start = -1
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (start < 0) {
      if (isSpace(character)) continue
      start = at
    } else if (quote === '' && isSpace(character)) {
      words.push({ text: text.slice(start, at), offset: offset + start })
      start = -1
      continue
    }
    if (character === escape && quote !== "'") at += 1
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
  }
  if (start >= 0) words.push({ text: withoutLastEscape(text.slice(start), escape), offset: offset + start })
  return words
}

/** An escape character that nothing follows is dropped. */
function withoutLastEscape(text: string, escape: EscapeCharacter): string {
  let escapes = 0
  while (escapes < text.length && text.charAt(text.length - 1 - escapes) === escape) escapes += 1
  return escapes % 2 === 1 ? text.slice(0, -1) : text
}

/**
 * Arguments in the JSON form, `["a", "b"]`.
 * @returns undefined when they are not JSON, and so plain text.
 * @throws TextFault when they are an array of anything but strings.
 */
export function jsonWords({ text, offset }: Word): Word[] | undefined {
  const trimmedText = trimmed({ text, offset })
  if (!trimmedText.text.startsWith('[')) return undefined
  const values = parseJson(trimmedText.text)
  if (!Array.isArray(values)) return undefined
  return values.map((value: unknown) => {
    if (typeof value !== 'string') {
      throw new TextFault('syntax', {
        message: `${JSON.stringify(value)} stands in a JSON array that may only have strings`,
        fix: 'Put every element into double quotes',
        offset: trimmedText.offset,
      })
    }
    return { text: value, offset: trimmedText.offset }
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
