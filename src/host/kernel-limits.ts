import { readText, writeFile } from './files.ts'

/** Raises a limit of the kernel, such as `fs/inotify/max_user_instances`, to at least `wanted`; never lowers one. */
export async function raiseKernelLimit(name: string, wanted: number): Promise<void> {
  const path = `/proc/sys/${name}`
  const current = Number(await readText(path))
  if (current < wanted) await writeFile(path, String(wanted))
}
