import { readFileSync } from 'node:fs'

/**
 * The user namespace that this process runs in (user_namespaces(7)): the host's own, or one of an ordinary user, where
 * root is root over its own things only.
 */
export interface UserNamespace {
  readonly isInitial: boolean
  /** One more than the highest user id that exists in it, counted from 0 without a gap. */
  readonly ids: number
}

/** Reads a `/proc/PID/uid_map`: first id inside, first id outside, how many. */
export function parseUidMap(text: string): UserNamespace {
  const ranges = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .sort(([a = 0], [b = 0]) => a - b)
  let ids = 0
  for (const [inside = 0, , size = 0] of ranges) if (inside === ids) ids += size
  const [first] = ranges
  return { isInitial: first?.[0] === 0 && first[1] === 0 && first[2] === 4_294_967_295, ids }
}

/** Of this process, for its whole life. */
export const ownUserNamespace: UserNamespace = parseUidMap(readFileSync('/proc/self/uid_map', 'utf8'))
