import type { LevelName } from './levels.ts'

/** What a level stands for beyond what all of them do; docs, plan and the contract suite read the same table. */
export const promiseMeanings = {
  ownRoot: "runs on the image's files and programs, and sees none of the host's",
  hidesFiles: 'reads no file of the host but those that its programs need, however readable they are',
  readOnlyRoot: 'can write to its volumes and to memory only',
  nothingDroppedRuns: 'can execute nothing that it has written',
  hidesProcesses: 'sees no process but its own',
  insideSeesAll: "shows the application's processes to commands that are run inside",
  ownProcesses: 'has process ids of its own, and ends whole when its first process does',
  ownIpc: "shares no message queues, semaphores and memory with the host's processes",
  ownHostName: 'has a host name of its own',
  ownCgroups: "does not see the host's control groups",
  userNamespace: 'is nobody on the host, wherever the host makes user namespaces',
  noNewPrivileges: 'gains nothing from setuid programs',
  emptyBoundingSet: 'has no capability, and none within reach',
  seccomp: 'has a filter between itself and the kernel',
  fewSocketFamilies: 'opens sockets of the usual families only',
  readableLimits: 'reads its limits where Node and the JVM look for them',
  ownInotify: 'takes no more than its share of inotify instances',
  survivesForks: 'is refused the process that is one too many, instead of being ended whole',
  makesNothingOfKernels: "makes no device nodes and no namespaces, not even of its own kernel's",
  knowsItsWalls: 'reads of its walls in /proc what Linux has there',
  plainDirectories: 'has plain directories for /dev, /etc and /tmp, whatever its image makes of them',
  realTimeSignals: 'is asked to end by a real-time signal (`SIGRTMIN+3`) where it wants that, instead of by SIGTERM',
  namesTerminals: 'finds the name of the terminal that a command of its operator has',
  seenFromHost: 'is processes of the host, whose walls the host can see',
} as const
export type PromiseName = keyof typeof promiseMeanings

const everything = Object.fromEntries(Object.keys(promiseMeanings).map((name) => [name, true])) as Promises
type Promises = Readonly<Record<PromiseName, boolean>>

function allBut(...missing: readonly PromiseName[]): Promises {
  return { ...everything, ...Object.fromEntries(missing.map((name) => [name, false])) }
}

/** What only namespaces and filters give. */
const needsNamespaces = [
  ...(['ownProcesses', 'ownIpc', 'ownHostName', 'ownCgroups', 'userNamespace'] as const),
  ...(['seccomp', 'fewSocketFamilies', 'readableLimits', 'ownInotify'] as const),
]

export const levelPromises: Readonly<Record<LevelName, Promises>> = {
  process: allBut(
    ...needsNamespaces,
    ...(['ownRoot', 'hidesFiles', 'readOnlyRoot', 'nothingDroppedRuns', 'hidesProcesses'] as const),
    ...(['noNewPrivileges', 'emptyBoundingSet'] as const),
  ),
  // To Landlock, a command that is run inside is as foreign as any other process.
  user: allBut(...needsNamespaces, 'ownRoot', 'readOnlyRoot', 'nothingDroppedRuns', 'insideSeesAll'),
  chroot: allBut(...needsNamespaces),
  nspawn: allBut(),
  lxc: allBut(),
  container: allBut(),
  // Its daemon maps the ids of all containers or of none.
  docker: allBut('userNamespace', 'ownInotify', 'plainDirectories'),
  podman: allBut(),
  // Its calls are answered by a kernel of its own, which has a filter on the host instead.
  gvisor: allBut(
    ...(['seenFromHost', 'seccomp', 'ownInotify', 'survivesForks', 'makesNothingOfKernels'] as const),
    ...(['knowsItsWalls', 'namesTerminals', 'realTimeSignals'] as const),
  ),
  vm: allBut('seenFromHost'),
}
