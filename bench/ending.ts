/** What takes away, at the end, what a benchmark has made; the last comes first. */
export const ending = new AsyncDisposableStack()

/**
 * Does a benchmark's work, and then takes away what is on `ending`: also when the work fails, and after Ctrl-C. The exit code
 * is 1 after a failure and 130 after a signal.
 */
export async function untilTheEnd(work: () => Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endEarly('interrupted'))
  process.once('unhandledRejection', (error) => void endEarly(String(error)))
  try {
    await work()
  } catch (error) {
    // Said at once: what ends in the middle of something may fail to be taken away in good order.
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  } finally {
    await ending.disposeAsync()
  }
}

async function endEarly(why: string): Promise<void> {
  say(`${why}: taking away what was started`)
  await ending.disposeAsync().catch((error: unknown) => say(String(error)))
  process.exit(130)
}

/** Talk goes to stderr, for figures are what stdout is for. */
export function say(text: string): void {
  console.error(`bench: ${text}`)
}
