import type { SandboxSpec } from '../../../model/sandbox.ts'

/** What carries out the guest's instructions: the processor itself, or a program (ten times slower). */
export const accelerators = ['kvm', 'tcg'] as const
export type Accelerator = (typeof accelerators)[number]

/** A file that qemu gets opened, by the number that it has there. */
export interface Descriptor {
  readonly number: number
  readonly mode: 'r' | 'rw'
  readonly path: string
}

/** What a virtual machine is made of, on this host. */
export interface Parts {
  readonly kernel: string
  readonly initramfs: string
  readonly rootImage: string
  readonly scaffoldImage: string
  readonly volumeImages: readonly string[]
}

/** A machine as it is started. */
export interface Machine {
  readonly parts: Parts
  readonly argv: readonly string[]
  /** What comes behind it where the sandbox is connected; a command of its own has the same specification and no link. */
  readonly card: readonly string[]
  /** What qemu has open while it runs. */
  readonly descriptors: readonly Descriptor[]
}

const mebibyte = 1024 ** 2

/** What the guest's kernel and berth's programs in it take, beside what the application may have. */
const guestOverhead = 96 * mebibyte

/** What qemu takes on the host beside the guest's memory: itself, and translated code where it emulates. */
const [hostOverhead, translatedCode] = [96 * mebibyte, 128 * mebibyte]

/** The size of a virtual machine; its application is bounded in it by the guest's own control group. */
export function sizeOf({ limits }: Pick<SandboxSpec, 'limits'>, accelerator: Accelerator) {
  const memoryBytes = Math.ceil((limits.memoryBytes + guestOverhead) / mebibyte) * mebibyte
  const processors = Math.max(1, Math.ceil(limits.cpus))
  const isEmulated = accelerator === 'tcg'
  return {
    memoryBytes,
    processors,
    host: {
      memoryBytes: memoryBytes + hostOverhead + (isEmulated ? translatedCode : 0),
      // An emulated guest takes ten times as long for everything: with a part of a processor it would take minutes to start.
      cpus: isEmulated ? processors : limits.cpus,
      // Threads of qemu: one for each processor, and those that wait for its files.
      pids: processors + 80,
    },
  } as const
}

/** Numbers that the supervisor gives to its ends of sockets and to the tap device. */
const [control, console, tap] = [10, 11, 12]
const firstFile = 20

/** Puts a machine together. @param host `name`: what tells it from others in a list of processes */
export function machineOf(
  spec: SandboxSpec,
  parts: Parts,
  host: { readonly program: string; readonly name: string; readonly accelerator: Accelerator },
): Machine {
  const card = spec.link ? networkCard(spec.link.sandboxAddress) : []
  return { parts, argv: qemuCommand(spec, host), card, descriptors: descriptorsOf(parts) }
}

/** The files of a machine, in the order of its drives after the kernel's two. */
function descriptorsOf({ kernel, initramfs, rootImage, scaffoldImage, volumeImages }: Parts): Descriptor[] {
  const files: Omit<Descriptor, 'number'>[] = [
    ...[kernel, initramfs, rootImage, scaffoldImage].map((path) => ({ mode: 'r' as const, path })),
    ...volumeImages.map((path) => ({ mode: 'rw' as const, path })),
  ]
  return files.map((file, index) => ({ number: firstFile + index, ...file }))
}

/** The guest's name of the device of a volume: after the image's and the scaffold's. */
export function deviceOfVolume(index: number): string {
  return `vd${String.fromCharCode('c'.charCodeAt(0) + index)}`
}

/** What all machines have: no device that is not asked for, and a filter round qemu itself. */
export const machineArguments = [
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-machine', 'q35,usb=off,smbus=off,sata=off'],
  ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
] as const

/** The one way by which host and guest talk. */
export const portArguments = ['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=control,name=berth']

export function processorArguments(accelerator: Accelerator, processors: number): string[] {
  const isEmulated = accelerator === 'tcg'
  return [
    ...['-smp', String(processors), '-cpu', isEmulated ? 'max' : 'host'],
    ...['-accel', isEmulated ? `tcg,thread=multi,tb-size=${translatedCode / mebibyte}` : 'kvm'],
  ]
}

/** The command line of the guest's kernel. */
export function kernelArguments(accelerator: Accelerator): string {
  const always = 'console=ttyS0 quiet panic=-1 oops=panic ipv6.disable_ipv6=1 random.trust_cpu=on'
  // What an emulated processor leaks is nothing; its clocks are not worth measuring.
  return accelerator === 'tcg' ? `${always} mitigations=off tsc=reliable no_timer_check lpj=4000000` : always
}

/** The command line of qemu. Nothing in it is secret, and no file is opened by its name. */
function qemuCommand(
  spec: SandboxSpec,
  {
    program,
    name,
    accelerator,
  }: { readonly program: string; readonly name: string; readonly accelerator: Accelerator },
): string[] {
  const { memoryBytes, processors } = sizeOf(spec, accelerator)
  return [
    ...[program, '-name', name, ...machineArguments, ...processorArguments(accelerator, processors)],
    ...['-m', `${memoryBytes / mebibyte}M`],
    ...['-kernel', `/proc/self/fd/${firstFile}`, '-initrd', `/proc/self/fd/${firstFile + 1}`],
    ...['-append', kernelArguments(accelerator)],
    ...['-chardev', `socket,id=console,fd=${console}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=control,fd=${control}`, ...portArguments],
    ...drives(spec),
  ]
}

function drives({ volumes, limits }: SandboxSpec): string[] {
  const readOnly = ['image', 'scaffold'].flatMap((name, index) => [
    ...['-add-fd', `fd=${firstFile + 2 + index},set=${index}`],
    ...['-blockdev', `driver=raw,node-name=${name},read-only=on,${fileOf(index)},file.read-only=on`],
    ...['-device', `virtio-blk-pci,drive=${name}`],
  ])
  const throttle = ['-object', `throttle-group,id=io,x-bps-total=${limits.ioBytesPerSecond}`]
  const writable = volumes.flatMap((_, index) => [
    ...['-add-fd', `fd=${firstFile + 4 + index},set=${index + 2}`],
    ...['-blockdev', `driver=raw,node-name=file${index},discard=unmap,${fileOf(index + 2)},file.discard=unmap`],
    ...['-blockdev', `driver=throttle,node-name=volume${index},throttle-group=io,file=file${index}`],
    ...['-device', `virtio-blk-pci,drive=volume${index}`],
  ])
  return [...readOnly, ...(volumes.length > 0 ? throttle : []), ...writable]
}

function fileOf(set: number): string {
  return `file.driver=file,file.filename=/dev/fdset/${set}`
}

function networkCard(address: string): string[] {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  const mac = `52:54:${bytes.join(':')}`
  return ['-netdev', `tap,id=net,fd=${tap}`, '-device', `virtio-net-pci,netdev=net,mac=${mac},romfile=`]
}
