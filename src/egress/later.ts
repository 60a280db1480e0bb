/** Does work some time after it was first asked for, once for all who ask meanwhile. A failure is made up for by the next. */
export function later(milliseconds: number, work: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void work().catch(() => undefined)
    }, milliseconds)
  }
}
