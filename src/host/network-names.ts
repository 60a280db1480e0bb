import type { Instance } from './instance.ts'

/** All addresses of an instance's sandboxes, and of what serves them, are in one network with a prefix this long. */
export const blockBits = 20

/** The name of a sandbox's interface on the host, from the last three bytes of its address: 15 characters at most. */
export function interfaceName(instance: Instance, hostAddress: string): string {
  const bytes = hostAddress
    .split('.')
    .slice(1)
    .map((part) => Number(part).toString(16).padStart(2, '0'))
  return `${instance.interfacePrefix}-${bytes.join('')}`
}
