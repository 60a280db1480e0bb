import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'

/**
 * Runs test files by node:test and passes its report through: `run-tests.ts [--two-at-once] FILE-OR-PATTERN...`
 * Fails when a pattern matches no file, when no test ran, and in CI when a test was skipped: a check that did not
 * happen must not look like one that passed.
 */

const words = process.argv.slice(2)
const patterns = words.filter((word) => !word.startsWith('--'))
const files = patterns.flatMap((pattern) => {
  const found = globSync(pattern).sort()
  if (found.length === 0) fail(`no test file matches ${pattern}`)
  return found
})
// Sandboxes wait more than they work: two files at once take little more than one, and do not come in each other's way.
const twoAtOnce = words.includes('--two-at-once') ? ['--test-concurrency=2'] : []
// What takes longest begins first, so that nothing is waited for alone at the end.
const longest = ['isolator-vm', 'audit', 'dockerfiles', 'levels']
const rank = (file: string) => longest.findIndex((name) => file.endsWith(`/${name}.test.ts`)) >>> 0
files.sort((a, b) => rank(a) - rank(b))
// Bases and downloads that the end-to-end tests of one run share; name one to keep it between runs.
const kept = process.env['BERTH_TEST_CACHE']
const cache = kept ?? mkdtempSync('/var/tmp/berth-test-cache-')
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...twoAtOnce, ...files], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, BERTH_TEST_CACHE: cache },
})
process.on('exit', () => {
  if (kept === undefined) rmSync(cache, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))

let end = ''
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text)
  end = (end + text).slice(-100_000)
})
child.once('close', (code) => {
  if (code !== 0) process.exit(code ?? 1)
  if (countOf('tests') === 0) fail('no test ran')
  if (process.env['CI'] && countOf('skipped') > 0) fail('tests were skipped, and in CI every component must be there')
})

/** Reads one of the closing lines, such as `ℹ tests 12`. */
function countOf(what: string): number {
  const lines = [...end.matchAll(new RegExp(`^ℹ ${what} ([0-9]+)$`, 'gm'))]
  return Number(lines.at(-1)?.[1] ?? 0)
}

function fail(why: string): never {
  console.error(`tests: ${why}`)
  process.exit(1)
}
