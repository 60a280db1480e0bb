import { runCommand } from './command.ts'
import { link, lutimes } from './files.ts'

/** What mknod(2) makes, which Node has no call for. */

/** Below what any file system allows. */
const linksAllowed = 10_000

/** Makes the devices 0/0 that hide, for overlayfs, what the layers below have. They are one, and have no time. */
export async function makeWhiteouts(paths: readonly string[]): Promise<void> {
  for (let at = 0; at < paths.length; at += linksAllowed) {
    const [first, ...others] = paths.slice(at, at + linksAllowed)
    if (first === undefined) return
    await runCommand(['mknod', '-m', '0', '--', first, 'c', '0', '0'])
    for (const other of others) await link(first, other)
    await lutimes(first, 0, 0)
  }
}

/** Makes a named pipe. */
export async function makeFifo(path: string): Promise<void> {
  await runCommand(['mkfifo', '-m', '600', '--', path])
}
