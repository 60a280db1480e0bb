/**
 * Does work for all who ask while it is under way once more, and not once for each. Whoever asks waits until the work has
 * been done from its beginning since. A failure is made up for by the next.
 */
export function sharedWork(work: () => Promise<void>): () => Promise<void> {
  const quietly = () => work().catch(() => undefined)
  let underWay: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () =>
    (next ??= underWay.then(() => {
      next = undefined
      underWay = quietly()
      return underWay
    }))
}
