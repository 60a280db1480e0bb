import { setTimeout as sleep } from 'node:timers/promises'
import { readText } from '../../host/files.ts'
import { killQuietly } from '../../host/processes.ts'
import { familyOf } from '../stage/processes.ts'
import type { Scene } from '../stage/scene.ts'
import { named, numberOf, type Attack, type Given } from '../attack.ts'

/** What the neighbour does meanwhile: one burner, which wants a whole processor until it is told that it is enough. */
const enough = '/tmp/berth-audit-enough'
const burner = `import os, time
until = time.time() + 60
while time.time() < until and not os.path.exists("${enough}"):
    for _ in range(20000): pass
if os.path.exists("${enough}"): os.unlink("${enough}")`

/**
 * Both are measured by what the host counts for their processes, in the same seconds: what else the host does slows both
 * down. The neighbour has to get far less than before, and far less than the thief, for it to count.
 */
export const starvation: Attack = {
  ...named('exhaustion', 'R05', 'processor-starve', 'Leave the neighbour no processor'),
  leaksWhen: 'the neighbour gets less than 40 % of what it gets alone, and less than a quarter of what the thief takes',
  ...{ seconds: 90, mayEndApplication: true },
  before: async (scene) => {
    families.set(scene, new Set(await familyOf(scene.running.attacked.pid)))
    burnings.set(scene, scene.sendToNeighbour(['-c', burner], 90))
    const { pid } = scene.running.neighbour
    await untilBurning(pid)
    // Where the host sees the burners, it ends them; at the control it burns with them, and takes its time.
    const burnSeconds = scene.column.hasOwnKernel ? 12 : 45
    return { alone: (await sharesDuring(1500, scene, [pid]))[0] ?? 0, burnSeconds }
  },
  during: async (scene): Promise<Given> => {
    const { attacked, neighbour } = scene.running
    try {
      await untilBurning(attacked.pid)
      const [left = 0, taken = 0] = await sharesDuring(2000, scene, [neighbour.pid, attacked.pid])
      return { left, taken }
    } finally {
      if (!scene.column.hasOwnKernel) await endBurners(attacked.pid, families.get(scene) ?? new Set())
      await scene.sendToNeighbour(['-c', `open("${enough}", "w").close()`], 60)
      await burnings.get(scene)
    }
  },
  judge: ({ given }) => {
    const [alone, left, taken] = [numberOf(given['alone']), numberOf(given['left']), numberOf(given['taken'])]
    if (!isStarved({ alone, left, taken })) return undefined
    const percent = (share: number) => `${Math.round(share * 100)} %`
    return `the neighbour gets ${percent(left)} of a processor, alone ${percent(alone)}, and the thief ${percent(taken)}`
  },
}

/** Whether the neighbour is kept from burning; in processors: what it got alone, what it is left, what the thief takes. */
export function isStarved(shares: { readonly alone: number; readonly left: number; readonly taken: number }): boolean {
  const { alone, left, taken } = shares
  return left < 0.4 * alone && left < 0.25 * taken
}

const burnings = new WeakMap<Scene, Promise<unknown>>()
/** The attacked application's processes before the attack. */
const families = new WeakMap<Scene, ReadonlySet<number>>()

/** Ends what an exploit has started, and not the exploit, which has yet to say what it did. */
async function endBurners(pid: number, own: ReadonlySet<number>): Promise<void> {
  const started = (await familyOf(pid)).filter((member) => !own.has(member))
  for (const member of started) {
    const text = (await readText(`/proc/${member}/stat`).catch(() => undefined)) ?? ''
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
    if (started.includes(parent)) killQuietly(member, 'SIGKILL')
  }
}

/**
 * Waits until a family of processes burns, and no more of them are made.
 * @throws Error when that does not come within half a minute: then nothing can be said
 */
async function untilBurning(pid: number): Promise<void> {
  const begin = total(await processorSeconds(pid))
  let size = 0
  for (let attempt = 0; attempt < 150; attempt += 1) {
    const spent = await processorSeconds(pid)
    if (total(spent) - begin > 0.3 && spent.size === size) return
    size = spent.size
    await sleep(200)
  }
  throw new Error('it burns nothing')
}

/** Processors that each family of processes got on average. @throws Error when one has ended meanwhile */
async function sharesDuring(milliseconds: number, { column }: Scene, pids: readonly number[]): Promise<number[]> {
  const begun = performance.now()
  const before = await Promise.all(pids.map(processorSeconds))
  await sleep(milliseconds)
  const after = await Promise.all(pids.map(processorSeconds))
  const seconds = (performance.now() - begun) / 1000
  return after.map((spent, index) => {
    const first = before[index] ?? new Map<number, number>()
    // A kernel of the sandbox's own has processes on the host that come and go.
    if (!column.hasOwnKernel && [...first.keys()].some((member) => !spent.has(member)))
      throw new Error('it ended before it was measured')
    return (total(spent) - total(first)) / seconds
  })
}

function total(spent: ReadonlyMap<number, number>): number {
  return [...spent.values()].reduce((sum, each) => sum + each, 0)
}

/** Of a process and each that descends from it: proc_pid_stat(5), fields 14 to 17, which are ticks. */
async function processorSeconds(pid: number): Promise<ReadonlyMap<number, number>> {
  const found = await Promise.all(
    (await familyOf(pid)).map(async (member): Promise<[number, number][]> => {
      const text = await readText(`/proc/${member}/stat`).catch(() => undefined)
      if (text === undefined) return []
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
      return [[member, ticks / ticksPerSecond]]
    }),
  )
  return new Map(found.flat())
}

/** USER_HZ, which is the same on every machine that Linux and Node run on. */
const ticksPerSecond = 100
