import { createRequire } from 'node:module'

/** berth's own version. package.json is two levels up from here in a clone (src) and in a package (dist) alike. */
export const version: string = readVersion(createRequire(import.meta.url)('../../package.json'))

function readVersion(description: unknown): string {
  const isDescription = typeof description === 'object' && description !== null && 'version' in description
  if (!isDescription || typeof description.version !== 'string') throw new Error('package.json names no version')
  return description.version
}
