import { comesOut, findsSome, isDone, listOf, numberOf, textOf, named, type Attack } from '../attack.ts'

/** What is not the application's to know. */
export const confidentialityAttacks: readonly Attack[] = [
  {
    ...named('confidentiality', 'C04', 'other-app-environment', "Read the neighbour's environment"),
    leaksWhen: 'the secret in it comes out',
    judge: comesOut('neighbourEnvironment'),
  },
  {
    ...named('confidentiality', 'C05', 'other-app-volume', "Read the neighbour's data"),
    leaksWhen: 'what its file says comes out',
    judge: comesOut('neighbourVolume'),
  },
  {
    ...named('confidentiality', 'C06', 'other-app-code', "Read the neighbour's code"),
    leaksWhen: 'what its file says comes out',
    judge: comesOut('neighbourCode'),
  },
  {
    ...named('confidentiality', 'C07', 'kernel-log', "Read the kernel's log"),
    leaksWhen: 'something of it can be read',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => (numberOf(said['bytes']) > 0 ? `${numberOf(said['bytes'])} characters of it` : undefined),
  },
  {
    ...named('confidentiality', 'C08', 'root-only-file', 'Read a file that only root may read'),
    leaksWhen: 'what it says comes out',
    isSafe: true,
    judge: comesOut('rootFile'),
  },
  {
    ...named('confidentiality', 'C09', 'host-file', 'Read a file of the host'),
    leaksWhen: 'what it says comes out',
    isSafe: true,
    judge: comesOut('hostFile'),
  },
  {
    ...named('confidentiality', 'C10', 'host-interfaces', "See the host's network interfaces"),
    leaksWhen: 'one that only the host has is named',
    isSafe: true,
    judge: ({ output, scene }) => (output.includes(scene.hostInterface) ? `${scene.hostInterface} is seen` : undefined),
  },
  {
    ...named('confidentiality', 'C11', 'sniff', "Listen to the neighbour's traffic"),
    leaksWhen: 'a token of a request to the neighbour comes out',
    during: async (scene, answered) => {
      await scene.callNeighbourUntil(answered)
      return undefined
    },
    judge: comesOut('traffic'),
  },
  {
    ...named('confidentiality', 'C12', 'abstract-socket', 'Talk to an abstract socket of the host'),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('abstract'),
  },
  {
    ...named('confidentiality', 'C13', 'keyring', "Read the host's keyring"),
    leaksWhen: 'the key, or what it is called, comes out',
    judge: comesOut('key', 'keyName'),
  },
  {
    ...named('confidentiality', 'C14', 'kernel-pointers', 'Learn where the kernel lies in memory'),
    leaksWhen: 'an address other than zero is shown',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => {
      const found = [...listOf(said['pointers']), ...listOf(said['ranges'])]
      return found.length > 0 ? `addresses such as that of ${found[0]?.trim().split(/\s+/).at(-1) ?? ''}` : undefined
    },
  },
  {
    ...named('confidentiality', 'C15', 'kernel-memory', "Read the kernel's memory"),
    leaksWhen: 'one of kcore, mem, port, kpagecount, kpageflags opens',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these open'),
  },
  {
    ...named('confidentiality', 'C16', 'host-paths', 'Learn where the host keeps things'),
    isMinor: true,
    leaksWhen: "a path of the host's stands in the list of mounts",
    isSafe: true,
    judge: ({ said, scene }) => {
      const mounts = textOf(said['mounts'])
      const path = scene.hostPaths.find((each) => mounts.includes(each))
      return path === undefined ? undefined : `${path} is named`
    },
  },
  {
    ...named('confidentiality', 'C17', 'kernel-statistics', 'Learn what the host is and does'),
    leaksWhen: 'one of these files says something',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('readable', 'these say something'),
  },
  {
    ...named('confidentiality', 'C18', 'host-name', 'Learn the name of the host'),
    isMinor: true,
    leaksWhen: 'it comes out',
    isSafe: true,
    judge: ({ output, scene }) => (output.includes(scene.hostName) ? `it is ${scene.hostName}` : undefined),
  },
  {
    ...named('confidentiality', 'C19', 'sysv-memory', "Read the host's shared memory"),
    leaksWhen: 'what it holds comes out',
    isSafe: true,
    judge: comesOut('shm'),
  },
  {
    ...named('confidentiality', 'C20', 'posix-memory', "Read the host's files in /dev/shm"),
    leaksWhen: 'what it holds comes out',
    isSafe: true,
    judge: comesOut('posixShm'),
  },
  {
    ...named('confidentiality', 'C21', 'cgroup-path', 'Learn its place among the control groups'),
    isMinor: true,
    leaksWhen: 'another path than / is shown',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => {
      const path = textOf(said['groups'])
        .split('\n')
        .map((line) => line.split(':').slice(2).join(':'))
        .find((each) => each !== '' && each !== '/')
      return path === undefined ? undefined : `${path.slice(0, 60)} is shown`
    },
  },
  {
    ...named('confidentiality', 'C22', 'host-memory-size', "Learn the host's memory"),
    isMinor: true,
    leaksWhen: 'the size of all of it is shown',
    isSafe: true,
    judge: ({ said, scene }) =>
      numberOf(said['memory']) === scene.hostMemoryKibibytes ? `${scene.hostMemoryKibibytes} KiB` : undefined,
  },
  {
    ...named('confidentiality', 'C23', 'vsock', "Reach the hypervisor's host"),
    leaksWhen: 'a socket of that family opens',
    isSafe: true,
    asksKernel: true,
    judge: isDone('vsock', 'a socket of the family AF_VSOCK opens'),
  },
  {
    ...named('confidentiality', 'C24', 'other-app-memory', "Read the neighbour's memory"),
    leaksWhen: 'what a user told the neighbour comes out',
    seconds: 30,
    judge: comesOut('neighbourMemory'),
  },
  {
    ...named('confidentiality', 'C25', 'deployer-state', "Read the deployer's state and others' logs"),
    leaksWhen: 'what stands there comes out',
    judge: comesOut('berthFile'),
  },
  {
    ...named('confidentiality', 'C26', 'own-specification', "Find the runtime's files of itself"),
    leaksWhen: 'a directory of the deployer or of a runtime can be listed, and has something in it',
    isSafe: true,
    judge: findsSome('opened', 'these can be listed'),
  },
]
