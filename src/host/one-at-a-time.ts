const queues = new Map<string, Promise<unknown>>()

/** Runs work under the same key one after the other within this process, which alone writes to its BERTH_HOME. */
export async function oneAtATime<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = queues.get(key) ?? Promise.resolve()
  const result = before.then(work, work)
  queues.set(key, result)
  try {
    return await result
  } finally {
    if (queues.get(key) === result) queues.delete(key)
  }
}
