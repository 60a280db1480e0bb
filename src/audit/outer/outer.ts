import { randomBytes } from 'node:crypto'
import { basename, extname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { runAttached } from '../../host/attached.ts'
import { cgroupFacts, cgroupsBelow, countsSwap, removeCgroup } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { exists, mkdir, mkdtemp, readdir, realpath, removeTree, writeFile } from '../../host/files.ts'
import { pathsOf, type Instance } from '../../host/instance.ts'
import { unmountBelow } from '../../host/mounts.ts'
import { sharedPaths } from '../../isolation/levels/vm/paths.ts'
import type { StageLine, StageOrder } from '../stage/order.ts'
import { capabilitiesOfOurs, devicesOfHost, loopsOfHost } from './facts.ts'
import { writeOuterRoot } from './root.ts'
import { outerSpec } from './spec.ts'

const prefix = 'audit-'

/** Where the runtime keeps its notes of outer containers: apart from those of sandboxes. */
function runtimeRoot({ run }: Instance): string {
  return join(run, 'audits')
}

/**
 * Plays one column inside a container that stands for the host and is thrown away afterwards: nothing that is attacked
 * is outside of it. It ends with the daemon, because its input does; what stays of one that was killed, the next daemon
 * removes (`cleanAudits`).
 */
export async function playOutside(
  instance: Instance,
  order: StageOrder,
  work: { readonly signal: AbortSignal; readonly onLine: (line: StageLine) => void },
): Promise<void> {
  work.signal.throwIfAborted()
  const temporary = pathsOf(instance).temporary
  await mkdir(temporary, { recursive: true, mode: 0o711 })
  const folder = await mkdtemp(join(temporary, prefix))
  const id = basename(folder)
  try {
    const kernel = order.column === 'vm' ? await kernelOf(instance) : undefined
    await writeBundle(instance, { folder, id, lent: kernel === undefined ? [] : [kernel] })
    await playInBundle(instance, { folder, id, order: { ...order, kernel }, ...work })
  } finally {
    await removeOuter(instance, id)
  }
}

/** What virtual machines boot, if this instance has it: too large to fetch for each audit. */
async function kernelOf(instance: Instance): Promise<string | undefined> {
  const { kernel } = sharedPaths(instance)
  return (await exists(kernel)) ? realpath(kernel) : undefined
}

interface BundleOrder {
  readonly folder: string
  readonly id: string
  /** Paths of this instance that the scene sees, and cannot write. */
  readonly lent: readonly string[]
}

async function writeBundle(instance: Instance, { folder, id, lent }: BundleOrder): Promise<void> {
  const rootfs = join(folder, 'rootfs')
  const tree = join(folder, 'tree')
  for (const path of [rootfs, tree]) await mkdir(path, { mode: 0o755 })
  const hostname = `host-${randomBytes(4).toString('hex')}`
  const shared = await writeOuterRoot(tree, hostname)
  await runCommand(['truncate', '--size', String(diskBytes), join(folder, 'disk')])
  await runCommand(['mkfs.ext4', '-q', '-O', '^has_journal', '-m', '0', join(folder, 'disk')])
  const spec = outerSpec({
    ...{ rootfs, hostname, cgroupPath: groupOf(instance, id) },
    argv: ['/usr/bin/tini-static', '-g', '--', process.execPath, ...process.execArgv, program],
    shared: [...shared, ...ownPlaces(), pathsOf(instance).layers, ...lent],
    capabilities: await capabilitiesOfOurs(),
    loops: await loopsOfHost(),
    devices: await devicesOfHost(),
    countsSwap: await countsSwap(await cgroupFacts()),
  })
  await writeFile(join(folder, 'config.json'), JSON.stringify(spec), { mode: 0o600 })
}

/** Of the disk that the outer container has; it takes up what is written to it. */
const diskBytes = 2 * 1024 ** 3

/**
 * A disk of its own, in a mount namespace of its own, so that it goes when all that runs on it has ended: who guesses the
 * root directory of the disk finds the scene's. Without loop devices, memory serves. The script is fixed; all that it
 * works with is in its arguments.
 */
const onOwnDisk = `mount -t ext4 -o loop "$1" "$3" 2>/dev/null || mount -t tmpfs -o size=1g,mode=755 none "$3"
cp -a "$2/." "$3"
shift 3
exec "$@"`

function commandOf(instance: Instance, folder: string, id: string): [string, ...string[]] {
  const places = ['disk', 'tree', 'rootfs'].map((name) => join(folder, name))
  const runtime = ['runc', '--root', runtimeRoot(instance), 'run', '--bundle', folder, id]
  return ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-ec', onOwnDisk, 'sh', ...places, ...runtime]
}

/** Beside this file, whether that is TypeScript or what was made of it. */
const program = join(import.meta.dirname, '..', 'stage', `stage-process${extname(import.meta.filename)}`)

/** Where berth and the Node that it runs on are. */
function ownPlaces(): string[] {
  const root = join(import.meta.dirname, '..', '..', '..')
  return process.execPath.startsWith(`${root}/`) ? [root] : [root, process.execPath]
}

interface Playing {
  readonly folder: string
  readonly id: string
  readonly order: StageOrder
  readonly signal: AbortSignal
  readonly onLine: (line: StageLine) => void
}

async function playInBundle(instance: Instance, { folder, id, order, signal, onLine }: Playing): Promise<void> {
  const input = new PassThrough()
  input.write(`${JSON.stringify(order)}\n`) // never ended: its end is the end of the stage
  const onAbort = () => void input.end()
  signal.addEventListener('abort', onAbort, { once: true })
  const output = lineReader(onLine)
  let errors = ''
  try {
    await mkdir(runtimeRoot(instance), { recursive: true, mode: 0o700 })
    const end = await runAttached(commandOf(instance, folder, id), {
      stdin: input,
      stdout: (chunk) => output.take(chunk),
      stderr: (chunk) => (errors = (errors + chunk.toString()).slice(-4000)),
    })
    signal.throwIfAborted()
    if (!output.isOver()) {
      throw new Error(`the outer container ended early (${JSON.stringify(end)}): ${errors.trim() || 'it said nothing'}`)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    input.end()
  }
}

function lineReader(onLine: (line: StageLine) => void) {
  let rest = ''
  let isOver = false
  return {
    take(chunk: Buffer) {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        const line = JSON.parse(text) as StageLine // our own program's
        if (line.kind === 'done' || line.kind === 'failed') isOver = true
        onLine(line)
      }
    },
    isOver: () => isOver,
  }
}

function groupOf({ name }: Instance, id: string): string {
  return `/${name}/${id}`
}

async function removeOuter(instance: Instance, id: string): Promise<void> {
  const root = runtimeRoot(instance)
  if (await exists(join(root, id)))
    await runCommand(['runc', '--root', root, 'delete', '--force', id], { allowCodes: [0, 1] })
  await removeCgroup(await cgroupFacts(), groupOf(instance, id))
  const folder = join(pathsOf(instance).temporary, id)
  await unmountBelow(folder)
  await removeTree(folder)
}

/** Removes what the audits of a daemon that died have left. To be called when none goes on. */
export async function cleanAudits(instance: Instance): Promise<void> {
  const found = await Promise.all([
    readdir(runtimeRoot(instance)).catch(() => []),
    readdir(pathsOf(instance).temporary).catch(() => []),
    cgroupsBelow(await cgroupFacts(), `/${instance.name}`),
  ])
  for (const id of new Set(found.flat())) if (id.startsWith(prefix)) await removeOuter(instance, id)
  await removeTree(runtimeRoot(instance))
}
