import { runCommand } from './command.ts'
import { openFile } from './files.ts'
import { ownUserNamespace } from './user-namespace.ts'

const setting = '/proc/sys/vm/memfd_noexec'

/**
 * From here on, nothing in the process namespace of a process can run a program that is in no file: files in memory
 * (memfd_create(2)) cannot be executed, while all else that is done with them goes on. Not every host can: Linux has it
 * since 6.3, and only the host's own root may set it.
 */
export async function forbidMemoryPrograms(pid: number): Promise<void> {
  if (!(await canForbid())) return
  // Not in its user namespace, whose root does not own the setting.
  await runCommand(['nsenter', '--target', String(pid), '--pid', 'sh', '-ec', `echo 2 > ${setting}`])
}

let answer: Promise<boolean> | undefined

/** Tried, for a file system may be read-only whatever the mode of its files. */
async function canForbid(): Promise<boolean> {
  if (!ownUserNamespace.isInitial) return false
  return (answer ??= openFile(setting, 'r+').then(
    async (file) => {
      await file.close()
      return true
    },
    () => false,
  ))
}
