/**
 * Calls that look at a file which the kernel has in memory take some microseconds, and ten times that when another thread
 * makes them. Work on many files makes them itself, and lets others have their turn in between.
 */

const longestTurn = 5
let begun = performance.now()

/** Waits for whoever else has something to do, when it has been some milliseconds since. Await it for each file. */
export async function takeTurns(): Promise<void> {
  if (performance.now() - begun < longestTurn) return
  await new Promise((resolve) => setImmediate(resolve))
  begun = performance.now()
}
