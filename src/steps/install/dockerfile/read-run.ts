import type { RunInstruction } from './instruction.ts'
import { mountOrigin } from './mount.ts'
import { readFlags, type Flags } from './read-flags.ts'
import type { Reading } from './reading.ts'
import { commandOf } from './read-settings.ts'
import { TextFault } from './text-fault.ts'

const known = { mount: 'values', network: 'value', security: 'value', device: 'values' } as const

/** `RUN [--mount=…] [--network=…] [--security=…] command` */
export function readRun({ flags: words, rest, line }: Reading): RunInstruction {
  const flags = readFlags(words, known)
  refuseDevices(flags)
  refuseInsecure(flags)
  const mounts = flags.values('mount')
  mounts.forEach(mountOrigin)
  return { kind: 'run', command: commandOf(rest), heredocs: line.heredocs, mounts, network: readNetwork(flags) }
}

function readNetwork(flags: Flags): 'default' | 'none' {
  const { text = 'default', offset = 0 } = flags.value('network') ?? {}
  if (text === 'default' || text === 'none') return text
  if (text === 'host') {
    throw new TextFault('unsupported', {
      message: 'a build has no way to the network of the host',
      fix: "Remove `--network=host`; what it needs of the internet it gets through berth's proxy",
      offset,
    })
  }
  throw new TextFault('value', {
    message: `\`${text}\` is no kind of network`,
    fix: 'Write `--network=default` or `--network=none`',
    offset,
  })
}

function refuseInsecure(flags: Flags): void {
  const { text = 'sandbox', offset = 0 } = flags.value('security') ?? {}
  if (text === 'sandbox') return
  if (text === 'insecure') {
    throw new TextFault('unsupported', {
      message: 'a build cannot have the rights of the host',
      fix: 'Remove `--security=insecure`',
      offset,
    })
  }
  throw new TextFault('value', {
    message: `\`${text}\` is no kind of security`,
    fix: 'Write `--security=sandbox`, or nothing',
    offset,
  })
}

function refuseDevices(flags: Flags): void {
  const [device] = flags.values('device')
  if (!device) return
  throw new TextFault('unsupported', {
    message: 'a build cannot have devices of the host',
    fix: `Remove \`--device=${device.text}\``,
    offset: device.offset,
  })
}
