import { parseImageReference } from '../dockerfile/index.ts'

const numbers: Readonly<Record<string, string>> = { '11': 'bullseye', '12': 'bookworm', '13': 'trixie' }
const suites = new Set(Object.values(numbers))
const newest = 'trixie'

/**
 * The suite that an image of Debian stands for, which berth makes from packages instead of fetching it; undefined for
 * every other image, and for one of Debian that is named by its digest.
 */
export function debianSuiteOf(reference: string): string | undefined {
  const { repository, tag = 'latest', digest } = namePartsOf(reference)
  if (repository !== 'debian' || digest !== undefined) return undefined
  const name = tag.replace(/-slim$/, '')
  if (suites.has(name)) return name
  if (['latest', 'stable'].includes(name)) return newest
  return numbers[name.split('.')[0] ?? '']
}

/** A reference without the registry and folder that stand for Docker's official images. */
function namePartsOf(reference: string): { repository: string; tag?: string; digest?: string } {
  parseImageReference(reference)
  const [name = '', digest] = reference.split('@')
  const [, path = '', tag] = /^(.*?)(?::([^:/]+))?$/.exec(name) ?? []
  const repository = path.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '')
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}
