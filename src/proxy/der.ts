/**
 * As much of DER (X.690) as a certificate needs. A library for it would lie in the daemon's memory with 5 MiB, for what
 * builds alone ask for.
 */

type Content = Uint8Array | readonly Uint8Array[]

/** A value with its tag and length. */
export function der(tag: number, content: Content): Buffer {
  const body = content instanceof Uint8Array ? content : Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body])
}

/** One byte below 128, else a byte that says how many follow, and those. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 + bytes.length, ...bytes]
}

export const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, parts)
export const set = (...parts: Uint8Array[]): Buffer => der(0x31, parts)
export const octets = (content: Content): Buffer => der(0x04, content)
/** Of letters, digits, spaces and `'()+,-./:=?` alone. */
export const printable = (content: string): Buffer => der(0x13, Buffer.from(content, 'ascii'))
export const yes = der(0x01, Buffer.from([0xff]))

/** A number of as many bytes as there are; the first one's upper bit would be a sign. @throws RangeError */
export function unsigned(bytes: Uint8Array): Buffer {
  const first = bytes[0] ?? 0
  if (first === 0 || first >= 0x80) throw new RangeError('a DER number begins with neither zero nor a sign')
  return der(0x02, bytes)
}

/** @param unused How many of the last byte's lower bits say nothing */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return der(0x03, [Buffer.from([unused]), content])
}

/** An object identifier, such as `2.5.4.3`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...arcs.flatMap(inSevens)]))
}

/** Seven bits a byte; all but the last say with the eighth that there is more. */
function inSevens(arc: number): number[] {
  const bytes = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 + (rest % 128))
  return bytes
}

/** Certificates write years until 2049 with two digits (RFC 5280, 4.1.2.5). */
export function time(when: Date): Buffer {
  const digits = when
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '')
  return when.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}
