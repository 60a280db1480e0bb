import { join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import { writeFile } from '../../host/files.ts'
import { startReady } from '../../host/ready-process.ts'
import { addresses, hostInterface, places, ports } from './places.ts'
import type { Tokens } from './tokens.ts'

const hostProgram = join(import.meta.dirname, 'host.py')

/**
 * Makes the network of the scene: the host's own, and one that stands for everything else, with a metadata service, a
 * machine of the same local network and one of the internet. The host routes between them, as hosts of containers do.
 */
export async function makeNetwork(tokens: Tokens): Promise<void> {
  const { metadata, lan, internet } = addresses
  await runCommand(['ip', 'link', 'set', 'dev', 'lo', 'up'])
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  const outside = await startReady(['unshare', '--net', ...python(hostProgram)], {
    input: JSON.stringify({
      tcp: [
        [metadata, 80, tokens.metadata],
        [lan, 80, tokens.lan],
        [internet, 80, tokens.internet],
      ],
      sinks: [['0.0.0.0', ports.sink]],
      udp: [['0.0.0.0', 53, tokens.names]],
      addresses: [metadata, lan, internet],
    }),
  })
  const inside = ['nsenter', `--net=/proc/${outside.pid}/ns/net`, 'ip'] as const
  await runCommand([
    'ip',
    'link',
    'add',
    hostInterface,
    'type',
    'veth',
    'peer',
    'name',
    'out0',
    'netns',
    String(outside.pid),
  ])
  await runCommand(['ip', 'address', 'add', `${addresses.host}/24`, 'dev', hostInterface])
  await runCommand(['ip', 'link', 'set', 'dev', hostInterface, 'up'])
  for (const line of [
    `address add ${addresses.outside}/24 dev out0`,
    'link set dev out0 up',
    `route add default via ${addresses.host}`,
  ]) {
    await runCommand([...inside, ...line.split(' ')])
  }
  await runCommand(['ip', 'route', 'add', 'default', 'via', addresses.outside])
}

/** A service of the host that has one of each thing that an application should not get at. */
export async function startHostService(tokens: Tokens, names: HostNames): Promise<number> {
  const order = {
    tcp: [
      ['127.0.0.1', ports.loopback, tokens.loopback],
      ['0.0.0.0', ports.any, tokens.anyAddress],
      ['127.0.0.1', ports.admin, tokens.admin],
    ],
    sinks: [['0.0.0.0', ports.sink]],
    unix: [[`\0${names.abstract}`, tokens.abstract], ...names.engineSockets.map((path) => [path, tokens.engine])],
    shm: [names.shmKey, tokens.shm],
    posixShm: [`/dev/shm/${names.posixShm}`, tokens.posixShm],
    key: [tokens.keyName, tokens.key, 900],
  }
  const argv = [...python(hostProgram), `--password=${tokens.process}`] as const
  return (await startReady(argv, { input: JSON.stringify(order) })).pid
}

export interface HostNames {
  readonly abstract: string
  readonly engineSockets: readonly string[]
  readonly shmKey: number
  readonly posixShm: string
}

/** A process of the host that has the same user id as an application. */
export async function startOwnProcess(uid: number, token: string): Promise<number> {
  const identity = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'] as const
  const program = 'import sys, time\nprint("ready", flush=True)\ntime.sleep(3600)'
  const argv = [...identity, `${places.tools}/python3`, '-c', program, token] as const
  return (await startReady(argv, { input: '' })).pid
}

function python(program: string): [string, ...string[]] {
  return [`${places.tools}/python3`, program]
}
