import type { CommandIo } from '../isolation/isolator.ts'
import type { Release } from '../model/release.ts'
import type { Exit } from '../model/sandbox.ts'
import { linkAt, nameServerOf } from '../steps/start/links.ts'
import { linkedSpec, oneOffSpec, sandboxId, type SpecInput } from '../steps/start/spec.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'
import { specInputFor } from './environment.ts'
import { expectEgress } from './egress/expect.ts'
import { reachesBeyond } from './egress/links.ts'
import { lookForRefusals } from './egress/look.ts'
import { addressOf } from './routing.ts'

export interface OneOff {
  readonly app: App
  readonly release: Release
  readonly argv: readonly string[]
  readonly io: CommandIo
  readonly signal: AbortSignal
}

/**
 * Runs a command to its end in a sandbox of its own: with the environment, settings and volumes of a release, and the
 * network that this release declares. Where it declares none, there is none but loopback.
 * @throws relayNotStarted, egressBlocked, sandboxNotStarted
 */
export async function runOneOff(berth: Berth, oneOff: OneOff): Promise<Exit> {
  const { app, release, argv, io, signal } = oneOff
  const input = await specInputFor(berth, app, release)
  if (reachesBeyond(release.run)) return runLinked(berth, input, oneOff)
  return berth.isolator.run(oneOffSpec(input, argv), io, signal)
}

/** Written down like a sandbox that starts, which never comes to serve: it has an address, and the next berth takes it away. */
async function runLinked(berth: Berth, input: SpecInput, { app, release, argv, io, signal }: OneOff): Promise<Exit> {
  const { state, block, isolator, refusals } = berth
  using expected = await expectEgress(berth, release.run, false)
  const id = sandboxId(app.name, input.sandboxNumber)
  const record = state.sandboxes.add(app, { id, release: release.number })
  try {
    const link = linkAt(block, record.link)
    return await isolator.run(linkedSpec(input, { argv, link, nameServer: nameServerOf(block) }), io, signal)
  } finally {
    refusals.rememberAddress(addressOf(berth, record), app.name)
    state.sandboxes.remove(id)
    await lookForRefusals(berth).catch((error: unknown) => berth.log(`egress: ${String(error)}`))
  }
}
