/**
 * Calls that look at a file which the kernel has in memory take some microseconds, and ten times that when another thread
 * makes them. Work on many files makes them itself, and lets others have their turn in between.
 */

/** Seconds. */
const longestTurn = 0.005
// The clock that needs nothing to be loaded.
let begun = process.uptime()

/** Waits for whoever else has something to do, when it has been some milliseconds since. Await it for each file. */
export async function takeTurns(): Promise<void> {
  if (process.uptime() - begun < longestTurn) return
  await new Promise((resolve) => setImmediate(resolve))
  begun = process.uptime()
}
