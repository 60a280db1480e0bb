/** Names that applications asked for in vain: what an operator may want to declare. Bounded, for anyone may ask anything. */

export interface AskedName {
  /** Address of the sandbox. */
  readonly from: string
  readonly name: string
  /** For a declared name: the address that it has and that is never opened. */
  readonly address?: string
  readonly count: number
  /** Milliseconds since 1970. */
  readonly at: number
}

const mostEach = 64
const mostSandboxes = 256

export class AskedNames {
  readonly #bySandbox = new Map<string, Map<string, AskedName>>()
  readonly #keep: () => Promise<void>

  /** @param keep writes down what is in it now */
  constructor(keep: () => Promise<void> = () => Promise.resolve()) {
    this.#keep = keep
  }

  /** Is kept when this returns: whoever asks in vain may end of it, and is looked for then. */
  async note({ from, name, address }: Pick<AskedName, 'from' | 'name' | 'address'>): Promise<void> {
    const names = this.#namesOf(from)
    const before = names.get(name)
    names.delete(name)
    names.set(name, { from, name, ...(address ? { address } : {}), count: (before?.count ?? 0) + 1, at: Date.now() })
    forgetFirst(names, mostEach)
    await this.#keep()
  }

  list(): AskedName[] {
    return [...this.#bySandbox.values()].flatMap((names) => [...names.values()])
  }

  #namesOf(from: string): Map<string, AskedName> {
    const names = this.#bySandbox.get(from) ?? new Map<string, AskedName>()
    this.#bySandbox.delete(from)
    this.#bySandbox.set(from, names)
    forgetFirst(this.#bySandbox, mostSandboxes)
    return names
  }
}

/** A map keeps the order of insertion: the first is the one that was heard of least lately. */
function forgetFirst(map: Map<string, unknown>, most: number): void {
  const [first] = map.keys()
  if (map.size > most && first !== undefined) map.delete(first)
}
