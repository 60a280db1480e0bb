import { readdir, readText } from '../../host/files.ts'

/** In the command line of what stands in for a copied application. */
export const intruderMark = 'berth-audit-intruder'

/** The processes that the stage sees, with their parents. */
async function parents(): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    const stat = await readText(`/proc/${name}/stat`).catch(() => undefined)
    const [state, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
    if (parent !== undefined && state !== 'Z') found.set(Number(name), Number(parent))
  }
  return found
}

/** A process and all that descend from it, in no order that matters beyond the first. */
export async function familyOf(pid: number): Promise<number[]> {
  const all = await parents()
  const family = [pid]
  for (const member of family) for (const [child, parent] of all) if (parent === member) family.push(child)
  return family
}

/** The process that serves: below the first process of a sandbox there may be others, such as an init. */
export async function servingProcess(pid: number): Promise<number> {
  const family = await familyOf(pid)
  const commands = await Promise.all(family.map((member) => commandLine(member)))
  const index = commands.findLastIndex((line) => line.includes('webapp.py') || line.includes(intruderMark))
  return family[index] ?? pid
}

export async function commandLine(pid: number): Promise<string> {
  return ((await readText(`/proc/${pid}/cmdline`).catch(() => undefined)) ?? '').replaceAll('\0', ' ')
}

/** One field of `/proc/PID/status` (proc(5)); empty when there is none. */
export async function statusField(pid: number, name: string): Promise<string> {
  const status = (await readText(`/proc/${pid}/status`).catch(() => undefined)) ?? ''
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? ''
}

/** Whether a process runs whose command line has this in it. */
export async function isRunning(mark: string): Promise<boolean> {
  for (const pid of (await parents()).keys()) if ((await commandLine(pid)).includes(mark)) return true
  return false
}
