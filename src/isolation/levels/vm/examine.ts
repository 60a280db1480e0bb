import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../../host/command.ts'
import { mkdir, readdir, readlink, readText, realpath } from '../../../host/files.ts'
import { mountPoints } from '../../../host/mounts.ts'
import { processFacts } from '../../../host/process-facts.ts'
import type { Drift } from '../../../model/proof.ts'
import type { Examined } from '../../isolator.ts'
import type { Bundle } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'
import { wallsOf } from '../container/examine.ts'
import type { Machine } from './machine.ts'
import { machinePaths } from './paths.ts'

const where = 'sandbox'

/**
 * Holds a running machine against its specification: qemu's command line and walls, the files that it has open, and the
 * devices that the guest has for its root. What happens within the guest cannot be seen from here.
 */
export async function examineMachine(
  { layout, spec }: Bundle,
  { argv, card, descriptors, parts }: Machine,
  { pid, topmost, uid }: { readonly pid: number; readonly topmost: string; readonly uid: number },
): Promise<Examined> {
  await writeScaffold(spec, uid, topmost)
  const shown = { isBare: true, covered: new Set<string>() }
  const qemu = await startedQemu(pid, await realpath(parts.rootImage))
  if (qemu === undefined)
    return { ...shown, root: layout.root, drift: [{ where, what: 'its supervisor has no virtual machine' }] }
  const files = await Promise.all(descriptors.map(({ path }) => realpath(path)))
  const drift = await qemuDrift(qemu, { argv: [...argv, ...card], files, user: spec.idBase })
  return { ...shown, drift, root: await showRoot(layout, parts.rootImage) }
}

/** The supervisor's one child; a moment after the start it may not have come so far as to have put up its own filter. */
async function startedQemu(supervisor: number, image: string): Promise<number | undefined> {
  let found: number | undefined
  for (let attempt = 0; attempt < 250; attempt += 1) {
    const children = await readText(`/proc/${supervisor}/task/${supervisor}/children`)
    for (const pid of (children ?? '').trim().split(' ').map(Number)) {
      if (!(pid > 0 && (await openFiles(pid)).has(image))) continue
      found = pid
      if (/^Seccomp:\s+2$/m.test((await readText(`/proc/${pid}/status`)) ?? '')) return pid
    }
    await sleep(20)
  }
  return found
}

async function qemuDrift(
  pid: number,
  wanted: { readonly argv: readonly string[]; readonly files: readonly string[]; readonly user: number },
): Promise<Drift[]> {
  const [found, open] = await Promise.all([processFacts(pid), openFiles(pid)])
  const drift: Drift[] = []
  const say = (what: string) => drift.push({ where, what })
  if (JSON.stringify(found.argv) !== JSON.stringify(wanted.argv))
    say(`qemu's command is ${found.argv.join(' ')}, and should be ${wanted.argv.join(' ')}`)
  // Its own filter is one, too.
  for (const [name, expected] of Object.entries(wallsOf(wanted.user))) {
    const is = (found.status.get(name) ?? '').replaceAll('\t', ' ')
    if (is !== expected) say(`${name} of qemu is ${is}, and should be ${expected}`)
  }
  for (const path of wanted.files) if (!open.has(path)) say(`qemu does not have ${path} open, which it should`)
  for (const path of open) if (!wanted.files.includes(path)) say(`qemu has ${path} open, which it should not`)
  return drift
}

/** Files of disks that a process has open; no devices, and nothing that is only in memory. */
async function openFiles(pid: number): Promise<Set<string>> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  return new Set(targets.filter((target) => target.startsWith('/') && !target.startsWith('/dev/')))
}

/** The guest's root as its own devices have it. It stays mounted until the sandbox is removed. */
async function showRoot(layout: Layout, image: string): Promise<string> {
  const paths = machinePaths(layout)
  const [root, lower, upper] = ['root', 'image', 'scaffold'].map((name) => join(paths.shown, name))
  if (root === undefined || lower === undefined || upper === undefined) throw new Error('three names give three paths')
  if ((await mountPoints()).includes(root)) return root
  for (const directory of [root, lower, upper]) await mkdir(directory, { recursive: true })
  const flags = 'ro,nosuid,nodev,noexec'
  await runCommand(['mount', '-t', 'erofs', '-o', `loop,${flags}`, image, lower])
  await runCommand(['mount', '-t', 'erofs', '-o', `loop,${flags}`, paths.scaffoldImage, upper])
  await runCommand(['mount', '-t', 'overlay', '-o', `${flags},lowerdir=${upper}:${lower}`, 'berth', root])
  return root
}
