import { readdir, stat } from 'node:fs/promises'

/** The processes in the network namespace that is bound to `path`. Those that end meanwhile are left out. */
export async function processesInNetwork(path: string): Promise<number[]> {
  const namespace = await stat(path)
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    const own = await stat(`/proc/${name}/ns/net`).catch(() => undefined)
    if (own && own.ino === namespace.ino && own.dev === namespace.dev) found.push(Number(name))
  }
  return found
}

/** Kills one process; one that has ended already is no error. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
