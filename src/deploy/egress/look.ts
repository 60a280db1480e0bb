import type { AskedName } from '../../egress/asked.ts'
import type { Flow } from '../../host/network-fence.ts'
import { networkRange, whyNever } from '../../model/addresses.ts'
import { linkZone } from '../../model/egress.ts'
import { describeRefusal } from '../../model/refusal.ts'
import { networkOf } from '../../steps/start/links.ts'
import type { Berth } from '../berth.ts'
import { addressOf } from '../routing.ts'
import type { FoundRefusal } from './refusals.ts'

/** Looks what has been refused since the last look; what is new is a line in the log. */
export async function lookForRefusals(berth: Berth): Promise<void> {
  const { flows, names } = await berth.egress.refused()
  if (flows.length + names.length === 0) return
  const apps = appsByAddress(berth)
  const found = [
    ...flows.map((flow) => ({ app: apps.get(flow.from), refusal: refusedFlow(berth, apps, flow) })),
    ...names.map((name) => ({ app: apps.get(name.from), refusal: refusedName(name) })),
  ]
  for (const { app, refusal } of found) {
    if (app === undefined) continue
    const now = new Date()
    const first = berth.refusals.note(app, refusal, now)
    const line = first && berth.refusals.logLine(app, first, now)
    if (line !== undefined) berth.log(line)
  }
}

/** What an application tried in vain, in lines for its operator. */
export async function refusedLines(berth: Berth, app: string): Promise<string[]> {
  await lookForRefusals(berth).catch(() => undefined)
  return berth.refusals.of(app).map((refusal) => `berth: ${describeRefusal(app, refusal)}`)
}

/** Names of applications by their sandboxes' addresses; those that have ended a moment ago are among them. */
function appsByAddress(berth: Berth): Map<string, string> {
  const names = new Map(berth.state.apps.list().map(({ id, name }) => [id, name]))
  const entries = berth.state.sandboxes.list().map((record): [string, string] => {
    const name = names.get(record.app) ?? berth.state.apps.byId(record.app)?.name ?? ''
    return [addressOf(berth, record), name]
  })
  return new Map([...berth.refusals.lateAddresses(), ...entries.filter(([, name]) => name !== '')])
}

function refusedFlow(
  berth: Berth,
  apps: ReadonlyMap<string, string>,
  { from, to, transport, port, packets }: Flow,
): FoundRefusal {
  const what = `${to}:${port}${transport === 'udp' ? '/udp' : ''}`
  const base = { from, what, kind: 'address', seen: packets } as const
  const other = apps.get(to)
  if (other !== undefined) return { ...base, allow: `links = ["${other}"]` }
  const why = whyNotAddress(berth, to)
  return why === undefined ? { ...base, allow: `egress = ["${what}"]` } : { ...base, why: `nothing allows it: ${why}` }
}

function whyNotAddress({ block }: Berth, address: string): string | undefined {
  const range = networkRange(address)
  const own = networkRange(networkOf(block))
  if (!range || !own) return 'it is no address'
  if (range[0] >= own[0] && range[0] <= own[1]) return 'it is the host’s end of a sandbox'
  return whyNever(range)
}

function refusedName({ from, name, address, count }: AskedName): FoundRefusal {
  const base = { from, what: name, kind: 'name', seen: count } as const
  if (address !== undefined) {
    return { ...base, why: `it is ${address}, which no name may lead to: declare that address itself, if it is meant` }
  }
  if (name.endsWith(`.${linkZone}`)) return { ...base, allow: `links = ["${name.slice(0, -linkZone.length - 1)}"]` }
  return { ...base, allow: `egress = ["${name}:443"] (or the port that it uses)` }
}
