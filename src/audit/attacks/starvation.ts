import { setTimeout as sleep } from 'node:timers/promises'
import { readText } from '../../host/files.ts'
import { familyOf } from '../stage/processes.ts'
import type { Scene } from '../stage/scene.ts'
import { named, numberOf, type Attack, type Given } from '../attack.ts'

/** What the neighbour does meanwhile: one burner, which wants a whole processor. */
const burner = 'import time\nuntil = time.time() + 12\nwhile time.time() < until:\n    pass'

/**
 * Both are measured by what the host counts for their processes, in the same seconds: what else the host does slows both
 * down. The neighbour has to get far less than before, and far less than the thief, for it to count.
 */
export const starvation: Attack = {
  ...named('exhaustion', 'R05', 'processor-starve', 'Leave the neighbour no processor'),
  leaksWhen: 'the neighbour gets less than 40 % of what it gets alone, and less than a quarter of what the thief takes',
  ...{ seconds: 30, mayEndApplication: true },
  before: async (scene) => {
    const burning = scene.sendToNeighbour(['-c', burner], 40)
    burnings.set(scene, burning)
    const { pid } = scene.running.neighbour
    await untilBurning(pid)
    return { alone: (await sharesDuring(1500, [pid]))[0] ?? 0 }
  },
  during: async (scene): Promise<Given> => {
    const { attacked, neighbour } = scene.running
    await untilBurning(attacked.pid)
    const [left = 0, taken = 0] = await sharesDuring(2000, [neighbour.pid, attacked.pid])
    await burnings.get(scene)
    return { left, taken }
  },
  judge: ({ given }) => {
    const [alone, left, taken] = ['alone', 'left', 'taken'].map((name) => numberOf(given[name])) as [
      number,
      number,
      number,
    ]
    if (left >= 0.4 * alone || left >= 0.25 * taken) return undefined
    const percent = (share: number) => `${Math.round(share * 100)} %`
    return `the neighbour gets ${percent(left)} of a processor, alone ${percent(alone)}, and the thief ${percent(taken)}`
  },
}

const burnings = new WeakMap<Scene, Promise<unknown>>()

/** @throws Error when nothing burns within 20 seconds: then nothing can be said */
async function untilBurning(pid: number): Promise<void> {
  const begin = await processorSeconds(pid)
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if ((await processorSeconds(pid)) - begin > 0.3) return
    await sleep(100)
  }
  throw new Error('it burns nothing')
}

/** Processors that each family of processes got on average. */
async function sharesDuring(milliseconds: number, pids: readonly number[]): Promise<number[]> {
  const begun = performance.now()
  const before = await Promise.all(pids.map(processorSeconds))
  await sleep(milliseconds)
  const after = await Promise.all(pids.map(processorSeconds))
  const seconds = (performance.now() - begun) / 1000
  return after.map((spent, index) => (spent - (before[index] ?? 0)) / seconds)
}

/** Of a process and all that descend from it, with those that have ended: proc_pid_stat(5), fields 14 to 17, in ticks. */
async function processorSeconds(pid: number): Promise<number> {
  const texts = await Promise.all(
    (await familyOf(pid)).map((member) => readText(`/proc/${member}/stat`).catch(() => undefined)),
  )
  const ticks = texts.map((text) => {
    const fields = (text ?? '').slice((text ?? '').lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  })
  return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
}

/** USER_HZ, which is the same on every machine that Linux and Node run on. */
const ticksPerSecond = 100
