import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad } from '../tests/e2e/load.ts'
import { firstAnswer } from './asking.ts'
import { run } from './commands.ts'
import { sum, type MeasuredProcess } from './groups.ts'
import type { Samples } from './measure.ts'
import type { Peer } from './peers/peer.ts'

/** Each is one sample of one peer; the caller takes the peers in turn. */
export const scenarios = { cold, same, line, start, disk, memory } as const
export type ScenarioName = keyof typeof scenarios

/** Base and downloads are there, everything else is built. */
async function cold(peer: Peer, samples: Samples): Promise<void> {
  await peer.forget()
  await timedDeploy('cold', peer, samples)
}

/** The same source again. */
async function same(peer: Peer, samples: Samples): Promise<void> {
  await timedDeploy('same', peer, samples)
}

/** Until the command has ended and the application answers. */
async function timedDeploy(name: 'cold' | 'same', peer: Peer, samples: Samples): Promise<void> {
  const cpu = await peer.group.cpuSeconds()
  const begun = performance.now()
  await peer.deploy()
  samples.add(`${name}-seconds`, peer.name, await firstAnswer(peer.front, begun))
  samples.add(`${name}-cpu`, peer.name, (await peer.group.cpuSeconds()) - cpu)
}

const load = { perSecond: 200, requests: 2000 } as const

/** One line of the application is edited and deployed while visitors come: when do they see it, and who is turned away? */
async function line(peer: Peer, samples: Samples): Promise<void> {
  const { front, group, name } = peer
  const visitors = startLoad({ ...front, perSecond: load.perSecond, maximum: load.requests })
  const loaded = sleep((load.requests / load.perSecond) * 1000)
  try {
    await sleep(1000)
    const text = await editLine(peer)
    const cpu = await group.cpuSeconds()
    const begun = performance.now()
    const live = seenAfter(visitors.bodies, text, begun)
    await Promise.all([peer.deploy(), live.then((seconds) => samples.add('line-live', name, seconds))])
    samples.add('line-seconds', name, (performance.now() - begun) / 1000)
    samples.add('line-cpu', name, (await group.cpuSeconds()) - cpu)
    await loaded
  } finally {
    await visitors.stop()
  }
  samples.add('line-lost', name, visitors.lost.length)
  samples.add('line-sent', name, visitors.lost.length + visitors.answered)
  if (visitors.lost.length > 0)
    console.error(`  ${name} lost ${visitors.lost.length}: ${[...new Set(visitors.lost)].join('; ')}`)
}

async function seenAfter(bodies: ReadonlySet<string>, text: string, begun: number): Promise<number> {
  while (performance.now() - begun < 60_000) {
    if ([...bodies].some((body) => body.includes(text))) return (performance.now() - begun) / 1000
    await sleep(2)
  }
  throw new Error(`nobody has seen '${text}' within a minute`)
}

/** Changes the line of the application that greets, and gives what it says from then on. */
async function editLine({ folder }: Peer): Promise<string> {
  const path = join(folder, 'webapp.py')
  const text = `Hello number ${(edits += 1)} from Flask!`
  await writeFile(path, (await readFile(path, 'utf8')).replace(/Hello .*from Flask!/, text))
  return text
}
let edits = 0

/** What is built and stopped is started. */
async function start(peer: Peer, samples: Samples): Promise<void> {
  if (!peer.start || !peer.stop) return
  await peer.stop()
  await sleep(500)
  samples.add('start-seconds', peer.name, await peer.start())
  await firstAnswer(peer.front, performance.now())
}

const diskDeploys = 20

/** How much a deploy of one edited line adds to the disk for good. */
async function disk(peer: Peer, samples: Samples): Promise<void> {
  if (peer.storage === undefined) return
  const before = await settledBytes(peer.storage)
  for (let deploy = 0; deploy < diskDeploys; deploy += 1) {
    await editLine(peer)
    await peer.deploy()
  }
  samples.add('disk-bytes', peer.name, ((await settledBytes(peer.storage)) - before) / diskDeploys)
}

async function settledBytes(folder: string): Promise<number> {
  await sleep(3000) // old releases end and are taken away behind the deploy
  await run(['sync', '--file-system', folder])
  const text = await run(['du', '--summarize', '--one-file-system', '--block-size=1', folder])
  return Number.parseInt(text, 10)
}

const idleSeconds = 15

/** After all the work before it, at rest. */
async function memory(peer: Peer, samples: Samples): Promise<void> {
  if (peer.programs.host.length === 0) return
  await sleep(idleSeconds * 1000)
  const processes = await peer.group.processes()
  const named = (names: readonly string[]) => processes.filter(({ program }) => names.includes(program))
  const [host, helpers] = [named(peer.programs.host), named(peer.programs.helpers)]
  const applications = helpers.filter(({ program }) => program === peer.programs.helpers[0]).length
  const total = (list: readonly MeasuredProcess[], kind: 'rss' | 'pss') => sum(list.map((one) => one[kind]))
  samples.add('memory-host-rss', peer.name, total(host, 'rss'))
  samples.add('memory-host', peer.name, total(host, 'pss'))
  samples.add('memory-helpers-rss', peer.name, total(helpers, 'rss') / applications)
  samples.add('memory-helpers', peer.name, total(helpers, 'pss') / applications)
}
