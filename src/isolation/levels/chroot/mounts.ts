import type { SandboxSpec } from '../../../model/sandbox.ts'
import { programs } from '../../sandbox/programs.ts'
import { dataOnly, type Step } from '../launched/steps.ts'
import { memoryPlaces, terminalsAtMost } from '../walls.ts'

/** Inside the tmpfs on /run, so that no image needs a mount point for it. */
export const initTarget = '/run/berth/init'

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
const links = { ptmx: 'pts/ptmx', fd: '/proc/self/fd', stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2' }

/** What an application sees mounted in its own root: the same places and sizes as a container has. */
export function mountSteps({ volumes, limits }: SandboxSpec, root: string): Step[] {
  const { shared, run, temporary } = memoryPlaces
  return [
    ['root', root],
    // Of the host's processes it sees those of its own user only.
    ['mount', 'proc', '/proc', dataOnly, 'hidepid=invisible'],
    memory('/dev', 'nosuid,noexec', 'mode=755', 64 * 1024, 64),
    ...devices.flatMap((name): Step[] => [
      ['file', `/dev/${name}`],
      ['bind', `/dev/${name}`, `/dev/${name}`, 'nosuid,noexec'],
    ]),
    ...Object.entries(links).map(([name, text]): Step => ['link', `/dev/${name}`, text]),
    ['directory', '/dev/pts'],
    ['directory', '/dev/shm'],
    // A pty is host-wide scarce (kernel.pty.max).
    ['mount', 'devpts', '/dev/pts', 'nosuid,noexec', `newinstance,ptmxmode=0666,mode=0620,max=${terminalsAtMost}`],
    memory('/dev/shm', dataOnly, 'mode=1777', shared.bytes, shared.inodes),
    memory('/tmp', dataOnly, 'mode=1777', limits.tmpBytes, temporary.inodes),
    memory('/run', dataOnly, 'mode=1777', run.bytes, run.inodes),
    ['directory', '/run/berth'],
    ['file', initTarget],
    ['bind', programs.init, initTarget, 'ro,nosuid,nodev'],
    ...volumes.map(({ source, target }): Step => ['bind', source, target, dataOnly]),
    ['chroot'],
  ]
}

function memory(target: string, flags: string, mode: string, bytes: number, inodes: number): Step {
  return ['mount', 'tmpfs', target, flags, `${mode},size=${bytes},nr_inodes=${inodes}`]
}
