import { withoutUserinfo } from '../model/secret.ts'

/**
 * A command line to show and to give again, in words for a shell. Values of settings, which may be secret, and passwords
 * in URLs are left out: a setting without its value is asked for.
 */
export function shownCommandLine(words: readonly string[]): string {
  const end = words.indexOf('--')
  const shown = words.map((word, index) => (end >= 0 && index > end ? word : withoutUserinfo(withoutValue(word))))
  return ['berth', ...shown.map(quoted)].join(' ')
}

function withoutValue(word: string): string {
  return word.replace(/^((?:--set=)?[A-Za-z_][A-Za-z0-9_]*)=(?!-$).*$/s, '$1')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
