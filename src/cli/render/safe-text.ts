/**
 * Makes text that comes from applications and builds harmless on a terminal: control characters could move the cursor,
 * forge berth's own lines or set the window's title; direction marks could show a line backwards.
 */
export function safeText(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
// Tab and newline stay.
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
