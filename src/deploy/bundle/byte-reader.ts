/** The bytes ended, or went on, where a bundle does not. */
export class WrongLength extends Error {}

/** Reads a stream of bytes piece by piece. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** @throws WrongLength when there are fewer */
  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    await this.pass(length, (chunk) => {
      parts.push(chunk)
      return Promise.resolve()
    })
    return Buffer.concat(parts)
  }

  /** Hands on the next bytes in pieces. @throws WrongLength when there are fewer */
  async pass(length: number, use: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#next())) throw new WrongLength('it is cut off')
      const chunk = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(chunk.length)
      left -= chunk.length
      await use(chunk)
    }
  }

  /** @throws WrongLength when something follows */
  async end(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#next())) throw new WrongLength('something follows its end')
  }

  /** Reads what is left and forgets it. */
  async drain(): Promise<void> {
    while (await this.#next());
    this.#rest = new Uint8Array()
  }

  /** Goes on to the next piece that is not empty. */
  async #next(): Promise<boolean> {
    do {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      this.#rest = next.value
    } while (this.#rest.length === 0)
    return true
  }
}
