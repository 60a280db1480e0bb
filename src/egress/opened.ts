import { runCommand } from '../host/command.ts'
import { replaceFile } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { type Grant, networkFiles, type OpenedAddress, readOpened } from '../host/network-grants.ts'
import { renewOpened } from '../host/network-elements.ts'
import type { Opening } from '../model/egress.ts'
import { later } from './later.ts'

/** Programs keep an address longer than its name server allows: so much longer it stays open. */
const secondsBeyond = 600
/** No application talks with so many places at once; a name server that invents addresses meets this end. */
const mostEach = 1024

/** What names have led to, in the kernel's set and, so that it can be restored, in a file. */
export class OpenedAddresses {
  readonly #instance: Instance
  readonly #opened = new Map<string, OpenedAddress>()
  readonly #save: () => void

  private constructor(instance: Instance, opened: readonly OpenedAddress[]) {
    this.#instance = instance
    for (const one of opened) this.#opened.set(keyOf(one), one)
    this.#save = later(200, () => replaceFile(networkFiles(instance).opened, JSON.stringify(this.#living())))
  }

  /** With what an earlier relay has opened. */
  static async of(instance: Instance): Promise<OpenedAddresses> {
    return new OpenedAddresses(instance, await readOpened(instance))
  }

  /** Opens addresses for a sandbox; those that are open for long enough already cost nothing. */
  async open(
    { id, address: from }: Grant,
    addresses: readonly string[],
    { openings, ttl }: { readonly openings: readonly Opening[]; readonly ttl: number },
  ): Promise<void> {
    const now = Date.now()
    const until = now + (ttl + secondsBeyond) * 1000
    const wanted = addresses.flatMap((to) => openings.map((opening) => ({ sandbox: id, from, to, ...opening, until })))
    const fresh = wanted.filter((one) => !this.#isOpen(one, now))
    if (fresh.length === 0) return
    const others = this.#living().filter((one) => one.sandbox === id).length
    if (others + fresh.length > mostEach) throw new Error(`${id} has ${others} addresses open`)
    const input = fresh.flatMap((one) => renewOpened(this.#instance.name, one, now)).join('\n')
    await runCommand(['nft', '-f', '-'], { input: `${input}\n` })
    for (const one of fresh) this.#opened.set(keyOf(one), one)
    this.#save()
  }

  #isOpen(wanted: OpenedAddress, now: number): boolean {
    const known = this.#opened.get(keyOf(wanted))
    return known !== undefined && known.sandbox === wanted.sandbox && known.until - now > (secondsBeyond / 2) * 1000
  }

  #living(): OpenedAddress[] {
    const now = Date.now()
    for (const [key, { until }] of this.#opened) if (until <= now) this.#opened.delete(key)
    return [...this.#opened.values()]
  }
}

function keyOf({ from, to, transport, port }: OpenedAddress): string {
  return `${from} ${to} ${transport} ${port}`
}
