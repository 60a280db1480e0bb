import { isIP } from '../host/sockets.ts'

/** The 4 or 16 bytes of an address without a zone. @throws RangeError when it is none */
export function addressBytes(address: string): Buffer {
  const kind = isIP(address)
  if (kind === 0 || address.includes('%')) throw new RangeError(`${address} is no address`)
  return kind === 4 ? Buffer.from(address.split('.').map(Number)) : sixteenBytes(address)
}

/** A URL writes an address of version 6 in one way, with its last four bytes in hexadecimal as all others. */
function sixteenBytes(address: string): Buffer {
  const [before = '', after = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').map(groupsOf)
  const missing = '0000'.repeat(8 - (before.length + after.length) / 4)
  return Buffer.from(before + missing + after, 'hex')
}

function groupsOf(text: string): string {
  if (text === '') return ''
  return text
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('')
}
