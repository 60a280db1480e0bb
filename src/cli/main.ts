import { version } from '../model/version.ts'

// Answered before anything else is loaded.
if (process.argv[2] === '--version') process.stdout.write(`${version}\n`)
else void runCommand()

async function runCommand(): Promise<void> {
  process.exitCode = await (await import('./run-command-line.ts')).runCommandLine(process.argv.slice(2))
}
