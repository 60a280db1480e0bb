import { stat } from '../../host/files.ts'
import { hasOwnUser, paysAlone } from './accounts.ts'
import { starvation } from './starvation.ts'
import { isDone, numberOf, reaches, named, type Attack } from '../attack.ts'

/** How much of what all share it can take. Every size is bounded: what is asked is whether there is a limit below it. */
export const exhaustionAttacks: readonly Attack[] = [
  {
    ...named('exhaustion', 'R01', 'fork-bomb', 'Start processes without end'),
    leaksWhen: 'there are as many as it wanted',
    ...{ isSafe: true, seconds: 40, mayEndApplication: true },
    judge: reaches('forks', ({ public: { forks } }) => forks, 'processes at once'),
  },
  {
    ...named('exhaustion', 'R02', 'memory-hog', 'Take all memory'),
    leaksWhen: 'it gets as much as it wanted',
    ...{ isSafe: true, seconds: 40, mayEndApplication: true },
    judge: reaches('mebibytes', ({ public: { memoryMebibytes } }) => memoryMebibytes, 'MiB'),
  },
  {
    ...named('exhaustion', 'R03', 'memory-files', 'Fill what lies in memory'),
    leaksWhen: 'one place takes as much as it wanted',
    ...{ isSafe: true, seconds: 50, mayEndApplication: true },
    judge: reaches('mebibytes', ({ public: { tmpfsMebibytes } }) => tmpfsMebibytes, 'MiB'),
  },
  {
    ...named('exhaustion', 'R04', 'processor-hog', 'Burn every processor'),
    leaksWhen: 'no control group of it has a quota',
    isSafe: true,
    judge: async ({ scene }) => ((await scene.hasProcessorQuota()) ? undefined : 'nothing limits what it burns'),
  },
  starvation,
  {
    ...named('exhaustion', 'R06', 'disk-fill', 'Fill the disk'),
    leaksWhen: 'the volume takes as much as it wanted',
    ...{ isSafe: true, seconds: 60 },
    judge: reaches('mebibytes', ({ public: { volumeMebibytes } }) => volumeMebibytes, 'MiB in its volume'),
  },
  {
    ...named('exhaustion', 'R07', 'inode-fill', 'Fill the disk with empty files'),
    leaksWhen: 'the volume takes as many as it wanted',
    ...{ isSafe: true, seconds: 60 },
    judge: reaches('files', ({ public: { files } }) => files, 'files in its volume'),
  },
  {
    ...named('exhaustion', 'R08', 'descriptor-exhaust', 'Open files without end'),
    leaksWhen: 'one process has as many as it wanted',
    isSafe: true,
    judge: reaches('descriptors', ({ public: { descriptors } }) => descriptors, 'open files in one process'),
  },
  {
    ...named('exhaustion', 'R09', 'terminal-exhaust', "Take the host's pseudo-terminals"),
    leaksWhen: 'it gets as many as it wanted of the 4,096 that there are',
    ...{ isSafe: true, asksKernel: true },
    judge: reaches('terminals', ({ public: { terminals } }) => terminals, 'terminals'),
  },
  {
    ...named('exhaustion', 'R10', 'watcher-exhaust', "Take root's inotify instances"),
    leaksWhen: 'it gets 64, half of what a user has with Debian, at the cost of somebody else than its own user',
    ...{ isSafe: true, asksKernel: true },
    judge: async (seen) =>
      (await paysAlone(seen.scene))
        ? undefined
        : reaches('watchers', ({ public: { watchers } }) => watchers, 'inotify instances')(seen),
  },
  {
    ...named('exhaustion', 'R11', 'key-exhaust', 'Take the keys that the kernel has for a user'),
    leaksWhen: 'it gets 150, of 200 that a user has, at the cost of somebody else than its own user',
    ...{ isSafe: true, asksKernel: true },
    judge: async (seen) =>
      (await hasOwnUser(seen.scene)) ? undefined : reaches('keys', ({ public: { keys } }) => keys, 'keys')(seen),
  },
  {
    ...named('exhaustion', 'R12', 'log-flood', "Flood the host's disk with its log"),
    leaksWhen: 'more than half of it lies on the host',
    seconds: 40,
    judge: async ({ scene }) => {
      if (scene.attackedLog === undefined) throw new Error('nobody knows where its log is')
      const { size } = await stat(scene.attackedLog)
      const limit = (scene.public.logMebibytes / 2) * 1024 ** 2
      return size > limit ? `${Math.round(size / 1024 ** 2)} MiB of log` : undefined
    },
  },
  {
    ...named('exhaustion', 'R13', 'disk-speed', 'Take the disk for itself'),
    leaksWhen: 'it writes more than 40 MiB a second past the cache',
    asksKernel: true, // a kernel of the sandbox's own may answer out of a cache of its own, which the next attack gets past
    judge: reaches('mebibytesPerSecond', () => 40, 'MiB/s'),
  },
  {
    ...named('exhaustion', 'R14', 'disk-speed-synced', 'Take the disk for itself, through the cache'),
    leaksWhen: 'it writes more than 40 MiB a second, and each 8 MiB are on the disk',
    judge: reaches('mebibytesPerSecond', () => 40, 'MiB/s'),
  },
  {
    ...named('exhaustion', 'R15', 'network-speed', 'Take the network for itself'),
    leaksWhen: 'it sends more than 1 Gbit a second to somebody',
    judge: ({ said }) => {
      const best = Math.max(0, ...Object.values(said['megabitsPerSecond'] ?? {}).map(numberOf))
      return best > 1000 ? `${Math.round(best)} Mbit/s` : undefined
    },
  },
  {
    ...named('exhaustion', 'R16', 'oom-score', 'Let others die when memory runs out'),
    leaksWhen: 'it can be the last to be killed',
    ...{ isSafe: true, asksKernel: true },
    judge: isDone('adjust', 'oom_score_adj -999 is accepted'),
  },
  {
    ...named('exhaustion', 'R17', 'real-time-priority', 'Go before everybody else'),
    leaksWhen: 'a real-time priority or a negative nice value is accepted',
    ...{ isSafe: true, asksKernel: true },
    judge: (seen) =>
      isDone('fifo', 'a real-time priority is accepted')(seen) ??
      isDone('nice', 'a nice value of -10 is accepted')(seen),
  },
  {
    ...named('exhaustion', 'R18', 'locked-memory', 'Lock memory'),
    leaksWhen: 'it may lock 300 MiB',
    ...{ isSafe: true, asksKernel: true, mayEndApplication: true },
    judge: isDone('mlock', '300 MiB are locked'),
  },
  {
    ...named('exhaustion', 'R19', 'left-behind-memory', 'Leave memory behind that nobody frees'),
    leaksWhen: 'the segment stands in the list of the host',
    judge: ({ scene }) => scene.findSegment(),
  },
  {
    ...named('exhaustion', 'R20', 'zombies', 'Leave dead processes behind'),
    leaksWhen: 'more than 50 lie there',
    ...{ isSafe: true, seconds: 40, mayEndApplication: true },
    judge: reaches('zombies', () => 51, 'zombies'),
  },
  {
    ...named('exhaustion', 'R21', 'core-dump', 'Leave memory images of crashes behind'),
    leaksWhen: 'there is one of more than 10 MiB, or nothing keeps it from being written',
    ...{ isSafe: true, asksKernel: true, mayEndApplication: true },
    judge: (seen) =>
      reaches('mebibytes', () => 11, 'MiB of core dump')(seen) ?? isDone('limit', 'core dumps have no limit')(seen),
  },
  {
    ...named('exhaustion', 'R22', 'threads', 'Start threads without end'),
    leaksWhen: 'there are as many as it wanted',
    ...{ isSafe: true, mayEndApplication: true },
    judge: reaches('threads', ({ public: { threads } }) => threads, 'threads at once'),
  },
  {
    ...named('exhaustion', 'R23', 'message-queues', "Fill the kernel's message queues"),
    leaksWhen: 'it can make one',
    ...{ isSafe: true, asksKernel: true },
    judge: reaches('queues', () => 1, 'message queues'),
  },
]
