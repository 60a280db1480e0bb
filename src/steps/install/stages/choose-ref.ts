import { objectId } from '../../../proxy/adapters/git-request.ts'
import type { Refs } from '../../../proxy/adapters/git-refs.ts'

/** What of a repository is wanted. */
export interface ChosenRef {
  /** Of a commit, or of a tag that is an object of its own. */
  readonly id: string
  /** For `git fetch`. */
  readonly fetch: string
  /** What is checked out is this branch; undefined for tags and commits. */
  readonly branch?: string
}

const heads = 'refs/heads/'
const tags = 'refs/tags/'

/**
 * Finds a name as git does (gitrevisions(7)): tags come before branches.
 * @param ref A branch, a tag, their full name, or a commit's id; undefined for what the repository's `HEAD` is.
 * @returns undefined when there is none
 */
export function chooseRef({ ids, head }: Refs, ref: string | undefined): ChosenRef | undefined {
  const names = ref === undefined ? [head ?? 'HEAD', 'HEAD'] : [ref, `refs/${ref}`, tags + ref, heads + ref]
  const name = names.find((each) => ids.has(each))
  const id = name === undefined ? undefined : ids.get(name)
  if (name === undefined || id === undefined) {
    return ref !== undefined && objectId.test(ref) ? { id: ref, fetch: ref } : undefined
  }
  if (!name.startsWith(heads)) return { id, fetch: name.startsWith(tags) ? `+${name}:${name}` : name }
  const branch = name.slice(heads.length)
  return { id, fetch: `+${name}:refs/remotes/origin/${branch}`, branch }
}
