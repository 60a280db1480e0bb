import { join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import * as files from '../../host/files.ts'
import { pathsOf, type Instance } from '../../host/instance.ts'
import { killProcess, processesInNetwork } from '../../host/processes-in-namespace.ts'

/** Where runc keeps what it knows of builds, apart from the sandboxes of applications. */
export function runtimeRoot(instance: Instance): string {
  return join(pathsOf(instance).builds, '.runc')
}

/**
 * Removes what builds of a daemon that died have left: containers, processes, mounts, namespaces, cgroups and
 * half-made files. To be called when no build runs, at the start of the daemon.
 */
export async function cleanBuilds(instance: Instance): Promise<void> {
  const { builds, temporary } = pathsOf(instance)
  for (const container of await namesIn(runtimeRoot(instance))) {
    await runCommand(['runc', '--root', runtimeRoot(instance), 'delete', '--force', container], { allowCodes: [0, 1] })
  }
  for (const id of await namesIn(builds)) if (!id.startsWith('.')) await tearDown(instance, id)
  for (const name of await namesIn(temporary)) {
    if (/^(build|blob|layer)-/.test(name)) await files.removeTree(join(temporary, name))
  }
}

/** Removes every trace of one build but its upper directory; does nothing for one that left none. */
export async function tearDown(instance: Instance, id: string): Promise<void> {
  const directory = join(pathsOf(instance).builds, id)
  if (!(await files.exists(directory))) return
  const network = join(directory, 'network')
  const mounted = await mountsBelow(directory)
  if (mounted.includes(network)) for (const pid of await processesInNetwork(network)) killProcess(pid)
  for (const path of mounted.reverse()) {
    // A process that has just been killed may hold it for a moment longer: lazy, so that it goes with that process.
    await runCommand(['umount', '--lazy', path], { allowCodes: [0, 1, 32] })
  }
  await files.removeTree(directory)
}

/** Mount points below a directory, outer ones first (proc_pid_mountinfo(5)). */
async function mountsBelow(directory: string): Promise<string[]> {
  const table = (await files.readText('/proc/self/mountinfo')) ?? ''
  const points = table.split('\n').map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
  return points.filter((point) => point.startsWith(`${directory}/`))
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await files.readdir(directory)
  } catch (error) {
    if (files.hasCode(error, 'ENOENT')) return []
    throw error
  }
}
