import { chown, readlink } from 'node:fs/promises'

/**
 * Gives the pipes that a process prints into to the user that it will be, so that its program may also open them by name
 * (`/dev/stdout`, as web servers' logs do). A runtime would do this itself, but may not from inside a user namespace.
 * What it prints into is left alone where it is no pipe, and a process that has ended already fails its start elsewhere.
 */
export async function giveOutput(pid: number, uid: number): Promise<void> {
  for (const descriptor of [1, 2]) {
    const path = `/proc/${pid}/fd/${descriptor}`
    const target = await readlink(path).catch(() => '')
    if (target.startsWith('pipe:')) await chown(path, uid, uid).catch(forgiveAbsence)
  }
}

function forgiveAbsence(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error
}
