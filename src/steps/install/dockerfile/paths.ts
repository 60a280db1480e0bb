/** Paths as Go's `path` package sees them: always with slashes, whatever the host has. */

export function isAbsolute(path: string): boolean {
  return path.startsWith('/')
}

/** Without empty parts, `.` and, where it can be resolved, `..`; never with a slash at the end. `.` for nothing. */
export function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..' || (parts.length === 0 && !isAbsolute(path)) || parts.at(-1) === '..') parts.push(part)
    else parts.pop()
  }
  const joined = parts.join('/')
  return isAbsolute(path) ? `/${joined}` : joined || '.'
}

/** `..` never leads above the root, also not when the first path is one. */
export function joinPath(...paths: readonly string[]): string {
  return cleanPath(paths.filter((path) => path !== '').join('/'))
}

/** The path relative to the root, empty for the root itself. */
export function relativeToRoot(path: string): string {
  return joinPath('/', path).slice(1)
}

export function baseName(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? ''
}

/** The directory that holds a path; empty at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
