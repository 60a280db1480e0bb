import { processorQuota, processorsAbove, processorSeconds, setProcessors } from '../../host/cgroup-processors.ts'
import type { CgroupFacts } from '../../host/cgroups.ts'
import { readdir } from '../../host/files.ts'
import { type Instance, pathsOf } from '../../host/instance.ts'
import { numbersOf } from '../../host/processors.ts'
import { layoutOf } from './layout.ts'

/*
 * A quota says how much processor time an application may take, and not on how many processors at once: with a quota of
 * one, eight busy processes take all eight processors for a part of each tenth of a second, and its neighbours wait that
 * long. Who uses up its quota is therefore gathered on as few processors as make it up, which takes nothing from it; the
 * neighbours run beside it. Who does not may use whichever is free.
 */

/** What is known of one sandbox since the last look at it. */
export interface Gathering {
  /** Processor time that it had taken. */
  readonly seconds: number
  /** Of the clock, in seconds. */
  readonly at: number
  /** Looks in a row at which it took little. */
  readonly calm: number
  /** Its processors, while it is gathered; undefined when it is not. */
  readonly processors: readonly number[] | undefined
}

/** Shares of the quota: from this on it is gathered, and after so many looks below the other it is let go. */
const [busy, idle, looksUntilCalm] = [0.9, 0.5, 10] as const

/** What a sandbox may take, which stays as it is while it runs. */
export interface Allowance {
  /** Processors' worth of time; undefined where nothing limits it. */
  readonly quota: number | undefined
  readonly processors: readonly number[]
}

/**
 * Decides where a sandbox runs from now on.
 * @param now what it has taken by now, and when that is
 * @param others processors of all those that are gathered already, each as often as one has it
 */
export function gather(
  before: Gathering,
  now: Pick<Gathering, 'seconds' | 'at'>,
  { quota, processors: all }: Allowance,
  others: readonly number[],
): Gathering {
  const needed = Math.ceil(quota ?? all.length)
  if (quota === undefined || needed >= all.length) return { ...now, calm: 0, processors: undefined }
  const share = (now.seconds - before.seconds) / Math.max(now.at - before.at, 0.001) / quota
  const calm = share < idle ? before.calm + 1 : 0
  const { processors } = before
  if (processors) return { ...now, calm, processors: calm < looksUntilCalm ? processors : undefined }
  return { ...now, calm, processors: share < busy ? undefined : leastTaken(all, others).slice(0, needed) }
}

/** Those that the fewest have, and of these the last: interrupts come to the first more often. */
function leastTaken(all: readonly number[], others: readonly number[]): number[] {
  const takers = (processor: number) => others.filter((other) => other === processor).length
  return all.toSorted((a, b) => takers(a) - takers(b) || b - a)
}

/** Looks at all sandboxes of an instance each time it is called. One that the kernel does not let be gathered stays as it is. */
export function gatherer(
  instance: Instance,
  facts: () => Promise<{ readonly cgroups: CgroupFacts }>,
): () => Promise<void> {
  const known = new Map<string, { readonly allowance: Allowance; readonly gathering: Gathering }>()
  const gatheredBeside = (id: string) =>
    [...known].flatMap(([other, { gathering }]) => (other === id ? [] : (gathering.processors ?? [])))

  async function look(cgroups: CgroupFacts, id: string): Promise<void> {
    const group = layoutOf(instance, id).cgroup
    const seconds = await processorSeconds(cgroups, group)
    if (seconds === undefined) return
    const now = { seconds, at: performance.now() / 1000 }
    const before = known.get(id)
    const allowance = before?.allowance ?? (await allowanceOf(cgroups, group))
    const gathering = before
      ? gather(before.gathering, now, allowance, gatheredBeside(id))
      : { ...now, calm: 0, processors: undefined }
    known.set(id, { allowance, gathering })
    // At the first look all are given back: a daemon that has just begun does not know what the one before it did.
    if (before && gathering.processors === before.gathering.processors) return
    await setProcessors(cgroups, group, gathering.processors ?? allowance.processors).catch(() => undefined)
  }

  return async () => {
    const { cgroups } = await facts()
    const ids = await readdir(pathsOf(instance).sandboxes).catch((): string[] => [])
    for (const id of known.keys()) if (!ids.includes(id)) known.delete(id)
    for (const id of ids) await look(cgroups, id)
  }
}

async function allowanceOf(cgroups: CgroupFacts, group: string): Promise<Allowance> {
  const [quota, above] = await Promise.all([processorQuota(cgroups, group), processorsAbove(cgroups, group)])
  return { quota, processors: numbersOf(above) }
}
