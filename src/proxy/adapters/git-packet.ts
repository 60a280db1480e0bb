/** The lines of git's protocols (gitprotocol-common(5), "pkt-line format"). */

export const flush = Buffer.from('0000')

export function packet(content: string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

/**
 * Reads what a client sends; flushes and delimiters are empty lines.
 * @throws Error for what is no sequence of packets
 */
export function readPackets(body: Buffer): string[] {
  const lines: string[] = []
  for (let at = 0; at < body.length;) {
    const head = body.toString('latin1', at, at + 4)
    const length = /^[0-9a-f]{4}$/i.test(head) ? parseInt(head, 16) : -1
    if (length < 0 || length === 3 || at + length > body.length) throw new Error("a request that is not git's")
    lines.push(length < 4 ? '' : body.toString('utf8', at + 4, at + length).replace(/\n$/, ''))
    at += Math.max(length, 4)
  }
  return lines
}
