import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Instance } from '../../src/host/instance.ts'

const run = promisify(execFile)

/** Everything on the host that bears an instance's name or holds its folders. What may stay is the caller's to say. */
export async function leftovers(instance: Instance): Promise<string[]> {
  const found = await Promise.all([mounts(instance), interfaces(instance), cgroups(instance), processes(instance)])
  return found.flat().sort()
}

async function mounts({ home, run: runDirectory }: Instance): Promise<string[]> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '')
  const isOurs = (point: string) => [home, runDirectory].some((folder) => point.startsWith(`${folder}/`))
  return points.filter(isOurs).map((point) => `mount ${point}`)
}

async function interfaces({ interfacePrefix }: Instance): Promise<string[]> {
  const names = await readdir('/sys/class/net')
  return names.filter((name) => name.startsWith(interfacePrefix)).map((name) => `interface ${name}`)
}

async function cgroups({ name }: Instance): Promise<string[]> {
  const roots = ['/sys/fs/cgroup', ...(await readdir('/sys/fs/cgroup')).map((entry) => join('/sys/fs/cgroup', entry))]
  const inside = async (root: string) => {
    const entries = await readdir(join(root, name), { withFileTypes: true }).catch(() => [])
    return entries.filter((entry) => entry.isDirectory()).map((entry) => `cgroup ${join(root, name, entry.name)}`)
  }
  return (await Promise.all(roots.map(inside))).flat()
}

/** Processes by their command line: those of this instance name its folders in it. */
async function processes({ home, run: runDirectory }: Instance): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
  const named = async (pid: string) => {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim()
    const root = await readlink(`/proc/${pid}/root`).catch(() => '/')
    const isOurs = [home, runDirectory].some((folder) => command.includes(folder) || root.startsWith(folder))
    return isOurs ? [`process ${pid} ${command.slice(0, 120)}`] : []
  }
  return (await Promise.all(pids.map(named))).flat()
}

/** Removes what a failed test left, so that the next one finds a clean host. Ends processes by the ids just found. */
export async function removeLeftovers(instance: Instance): Promise<void> {
  // Until they have ended their groups and folders cannot be removed.
  for (let look = 0; look < 200; look += 1) {
    const found = await processes(instance)
    if (found.length === 0) break
    for (const line of found) endProcess(Number(line.split(' ')[1]))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (const found of (await leftovers(instance)).reverse()) {
    const [kind, what = ''] = found.split(' ')
    if (kind === 'mount') await run('umount', ['--lazy', what]).catch(() => undefined)
    if (kind === 'interface') await run('ip', ['link', 'delete', what]).catch(() => undefined)
    if (kind === 'cgroup') await run('rmdir', [what]).catch(() => undefined)
  }
  await run('umount', ['--lazy', instance.run]).catch(() => undefined)
  await rm(instance.run, { recursive: true, force: true })
  await removeRoutes(instance)
  await removeCgroups(instance)
  await run('nft', ['delete', 'table', 'inet', instance.name]).catch(() => undefined)
}

/** The instance's own groups, which are empty by then. */
async function removeCgroups({ name }: Instance): Promise<void> {
  const roots = ['/sys/fs/cgroup', ...(await readdir('/sys/fs/cgroup')).map((entry) => join('/sys/fs/cgroup', entry))]
  for (const root of roots) await run('rmdir', [join(root, name)]).catch(() => undefined)
}

/** The instance's block of addresses stays unreachable for as long as there is an instance, and its last one is ours. */
async function removeRoutes({ home }: Instance): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite')
  try {
    using state = new DatabaseSync(join(home, 'state.db'), { readOnly: true })
    const row = state.prepare(`SELECT value FROM facts WHERE name = 'block'`).get()
    if (typeof row?.['value'] !== 'string') return
    const [first, second, third] = row['value'].split('.')
    const last = `${first}.${second}.${Number(third) + 15}.255/32`
    await run('ip', ['address', 'delete', last, 'dev', 'lo']).catch(() => undefined) // unless a daemon has
    await run('ip', ['route', 'delete', 'unreachable', `${row['value']}/20`])
  } catch {
    // no state, or no such route: nothing to remove
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended by itself
  }
}
