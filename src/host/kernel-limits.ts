import { readText, writeFile } from './files.ts'
import { ownUserNamespace } from './user-namespace.ts'

/** Raises a limit of the kernel, such as `fs/inotify/max_user_instances`, to at least `wanted`; never lowers one. */
export async function raiseKernelLimit(name: string, wanted: number): Promise<void> {
  const path = `/proc/sys/${name}`
  const current = Number(await readText(path))
  // In a user namespace of an ordinary user's, these limits are not ours to raise.
  if (current < wanted && ownUserNamespace.isInitial) await writeFile(path, String(wanted))
}
