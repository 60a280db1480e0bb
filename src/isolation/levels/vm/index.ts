import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeLimitedGroup } from '../../../host/cgroup-limits.ts'
import { runCommand } from '../../../host/command.ts'
import { exists, mkdir, writeFile } from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import { isAlive } from '../../../host/processes.ts'
import { findProgram } from '../../../host/programs.ts'
import { appUid, type SandboxSpec } from '../../../model/sandbox.ts'
import type { Examined, OuterWalls } from '../../isolator.ts'
import type { Bundle, InsideCommand, Level, Running } from '../../level.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { missingPrograms } from '../../sandbox/missing.ts'
import { attachVolumes } from '../../sandbox/volumes.ts'
import { environmentOf } from '../environment.ts'
import { launcher, writeLaunch } from '../launched/launch.ts'
import { findAccelerator } from './accelerator.ts'
import { examineMachine } from './examine.ts'
import { fetchKernel } from './fetch-kernel.ts'
import { machineGarbage } from './garbage.ts'
import { ensureInitramfs, programsDirectory } from './initramfs.ts'
import { deviceOfVolume, machineOf, sizeOf } from './machine.ts'
import { machinePaths, sharedPaths } from './paths.ts'
import { ensureRootImage, imageCommand } from './root-image.ts'

const emulator = 'qemu-system-x86_64'

/**
 * The `vm` level: qemu with a kernel of the application's own. Its root is a read-only block device, made of the same
 * layers; volumes are block devices too. No file system of the host is shared with it.
 */
export const vm: Level = {
  name: 'vm',
  attachesVolumes: true,
  missing: async (_facts, instance) => [
    ...(process.arch === 'x64' ? [] : ['virtual machines are made on x86-64 only, so far']),
    ...(await missingPrograms([
      { program: emulator, package: 'qemu-system-x86', purpose: 'is the virtual machine' },
      { program: 'mkfs.erofs', package: 'erofs-utils', purpose: 'makes block devices of images' },
      { program: 'nft', package: 'nftables', purpose: 'leads to the virtual machine' },
    ])),
    ...((await hasKernel(instance)) ? [] : ['a kernel for virtual machines is missing: berth doctor --fix']),
  ],
  provide: async (instance, signal) => {
    const isWanted = (await findProgram(emulator)) !== undefined && !(await hasKernel(instance))
    if (isWanted) await fetchKernel(instance, signal)
  },
  weaknesses: async (_facts, instance) =>
    (await hasKernel(instance)) && (await findAccelerator(instance)) === 'tcg' ? [isEmulated] : [],
  uidInside,
  prepare,
  runtime: launcher,
  inside,
  remove: writeBack,
  garbage: machineGarbage,
  examine,
  outerWalls,
}

const isEmulated =
  'KVM does not work on this host (a kernel was tried): virtual machines are emulated, which makes everything in them ' +
  'some ten times slower'

/** Its supervisor, berth's own, has no filter: it hands qemu its files and waits. */
async function outerWalls(
  spec: Pick<SandboxSpec, 'limits'>,
  _facts: HostFacts,
  instance: Instance,
): Promise<OuterWalls> {
  const { host } = sizeOf(spec, await findAccelerator(instance))
  return { ownIds: true, capabilities: 0n, isFiltered: (command) => !/^\S*perl /.test(command), limits: host }
}

/** No user namespace is needed in a kernel of its own; files of volumes belong to the same user at every level. */
function uidInside({ idBase }: SandboxSpec): number {
  return idBase + appUid
}

async function hasKernel(instance: Instance): Promise<boolean> {
  return exists(join(sharedPaths(instance).kernel, 'vmlinuz'))
}

async function prepare(bundle: Bundle): Promise<void> {
  const { instance, layout, spec, facts } = bundle
  const paths = machinePaths(layout)
  const [volumeImages, perl] = await Promise.all([
    attachVolumes(instance, layout, spec),
    findProgram('perl'),
    mkdir(paths.all, { mode: 0o700 }),
  ])
  const { machine, accelerator } = await machineFor(bundle, volumeImages)
  const files = {
    [paths.qemu]: zeroEnded(machine.argv),
    [paths.card]: zeroEnded(machine.card),
    [paths.descriptors]: machine.descriptors.map(({ number, mode, path }) => `${number} ${mode} ${path}\n`).join(''),
    [paths.guest]: zeroEnded(guestSettings(spec)),
    [paths.host]: zeroEnded([
      ...[`user=${spec.idBase}`, `persist=${layout.persist}`, `port=${spec.port}`],
      ...(accelerator === 'kvm' ? ['kvm=1'] : []),
    ]),
    [paths.scaffold]: zeroEnded(imageCommand(paths.scaffoldImage, layout.scaffold)),
  }
  const { host } = sizeOf(spec, accelerator)
  await Promise.all([
    ...Object.entries(files).map(([path, text]) => writeFile(path, text, { mode: 0o600 })),
    makeLimitedGroup(facts.cgroups, layout.cgroup, { ...host, countsSwap: facts.countsSwap }),
  ])
  await writeLaunch(bundle, {
    argv: [perl ?? 'perl', join(programsDirectory, 'supervisor.pl'), paths.all],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'],
    namespaces: ['mount', 'uts', 'ipc', 'net'],
  })
}

/** Everything that it is made of, which is made now where it is not there yet. */
async function machineFor({ instance, layout, spec }: Bundle, volumeImages: readonly string[]) {
  const [accelerator, program = emulator, initramfs, rootImage] = await Promise.all([
    findAccelerator(instance),
    findProgram(emulator),
    ensureInitramfs(instance),
    ensureRootImage(instance, spec.layers),
  ])
  const kernel = join(sharedPaths(instance).kernel, 'vmlinuz')
  const { scaffoldImage } = machinePaths(layout)
  const parts = { kernel, initramfs, rootImage, scaffoldImage, volumeImages }
  return { machine: machineOf(spec, parts, { program, name: layout.bundle, accelerator }), accelerator }
}

async function examine(bundle: Bundle, running: { readonly pid: number; readonly topmost: string }): Promise<Examined> {
  const { spec } = bundle
  const volumeImages = spec.volumes.flatMap(({ image }) => (image ? [image.file] : []))
  const { machine } = await machineFor(bundle, volumeImages)
  return examineMachine(bundle, machine, { ...running, uid: uidInside(spec) })
}

/** What the guest is told, by the port alone: it holds secrets. */
function guestSettings(spec: SandboxSpec): string[] {
  const { limits, link, network, volumes, hostname, workdir, argv } = spec
  const period = 100_000
  return [
    ...argv.map((item) => `arg=${item}`),
    ...environmentOf(spec).map((item) => `env=${item}`),
    ...[`cwd=${workdir}`, `uid=${uidInside(spec)}`, `hostname=${hostname}`],
    ...[`memory=${limits.memoryBytes}`, `pids=${limits.pids}`, `tmp=${limits.tmpBytes}`],
    `cpu=${Math.round(limits.cpus * period)} ${period}`,
    ...(link ? [`address=${link.sandboxAddress}`, `gateway=${link.hostAddress}`, `route=${network ? 1 : 0}`] : []),
    ...volumes.map(({ target }, index) => `volume=${deviceOfVolume(index)}:${target}`),
  ]
}

/**
 * What the guest has not written to its volumes yet would be lost with it, where another level's application that is
 * killed loses nothing: the host has it all. A guest that does not answer is killed all the same.
 */
async function writeBack(layout: Layout): Promise<void> {
  const { socket } = machinePaths(layout)
  if (!(await exists(layout.volumesAlone)) || !(await exists(socket)) || (await exists(layout.exitFile))) return
  const argv = ['perl', join(programsDirectory, 'client.pl'), '--end', socket] as const
  await runCommand(argv, { timeoutSeconds: 5 }).catch(() => undefined)
}

async function inside({ layout, init }: Running, argv: readonly string[]): Promise<InsideCommand> {
  // A moment after the start there is none yet; later, only where the machine has ended, which the client finds out.
  while (!(await exists(machinePaths(layout).socket)) && (await isAlive(init))) await sleep(20)
  const name = `${layout.bundle}/exec-${process.pid}-${(counter += 1)}`
  const [pidFile, settings] = [`${name}.pid`, `${name}.settings`]
  await writeFile(settings, zeroEnded(argv.map((item) => `arg=${item}`)), { mode: 0o600 })
  const client = join(programsDirectory, 'client.pl')
  return {
    command: ['perl', client, '--pid-file', pidFile, machinePaths(layout).socket, settings],
    pidFile,
    files: [settings],
  }
}
let counter = 0

function zeroEnded(items: readonly string[]): string {
  return items.map((item) => `${item}\0`).join('')
}
