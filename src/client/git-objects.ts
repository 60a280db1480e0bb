import type { CommandPipe } from '../host/command-pipe.ts'

/** Reads the content of git objects, one after the other, from a running `git cat-file --batch`. */
export function readObjects({ input, output, ended }: CommandPipe) {
  const source = output[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let pending: Buffer = Buffer.alloc(0)

  /** Waits for more bytes. @throws CommandFailed when git ended. */
  async function more(): Promise<void> {
    const next = await source.next()
    if (next.done) {
      await ended
      throw new Error('git cat-file ended before its last object')
    }
    pending = pending.length === 0 ? next.value : Buffer.concat([pending, next.value])
  }

  async function readHeader(): Promise<string> {
    while (!pending.includes(0x0a)) await more()
    const end = pending.indexOf(0x0a)
    const line = pending.subarray(0, end).toString()
    pending = pending.subarray(end + 1)
    return line
  }

  function take(most: number): Buffer {
    const piece = pending.subarray(0, most)
    pending = pending.subarray(piece.length)
    return piece
  }

  return {
    /** Gives an object's content in pieces; each must be read to its end before the next is asked for. */
    async *read(id: string): AsyncGenerator<Buffer> {
      input.write(`${id}\n`)
      const header = await readHeader()
      let left = Number(/ ([0-9]+)$/.exec(header)?.[1] ?? NaN)
      if (Number.isNaN(left)) throw new Error(`git cat-file has no object ${header}`)
      while (left > 0) {
        if (pending.length === 0) await more()
        const piece = take(left)
        left -= piece.length
        yield piece
      }
      if (pending.length === 0) await more()
      take(1) // git ends each object with a newline
    },
  }
}
