import { version } from '../model/version.ts'

// Answered before anything else is loaded.
const [word, ...more] = process.argv.slice(2)
if (word === '--version') process.stdout.write(`${version}\n`)
else if (word === 'serve' && more.length === 0) void runDaemon()
else void runCommand()

async function runCommand(): Promise<void> {
  process.exitCode = await (await import('./run-command-line.ts')).runCommandLine(process.argv.slice(2))
}

/** Without the other commands, which would lie beside the daemon in memory for as long as it runs: 4 MiB. */
async function runDaemon(): Promise<void> {
  try {
    await (await import('./commands/serve.ts')).becomeDaemon()
  } catch (error) {
    process.exitCode = await (await import('./run-command-line.ts')).reportFailure(error)
  }
}
