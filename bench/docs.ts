import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { repository } from '../tests/e2e/test-berth.ts'
import { attempt } from './commands.ts'

/** When and on what something was measured. */
export async function circumstances(): Promise<string> {
  const kernel = /^\d+\.\d+/.exec(await attempt(['uname', '--kernel-release']))?.[0] ?? '?'
  const debian = (await readFile('/etc/debian_version', 'utf8').catch(() => '?')).trim()
  const day = new Date().toISOString().slice(0, 10)
  return `${day}; ${cpus().length} cores, shared with other work; Linux ${kernel}, Debian ${debian}`
}

/**
 * Puts the figures of a benchmark into the page about them, where its marks are.
 * @param name of the script, such as `deploy`
 * @throws Error when the page has no place for them
 */
export async function writeIntoDocs(name: string, text: string): Promise<void> {
  const path = join(repository, 'docs/benchmarks.md')
  const open = `<!-- figures of \`npm run bench:${name} -- --write\` -->\n`
  const page = await readFile(path, 'utf8')
  const from = page.indexOf(open)
  const to = page.indexOf('\n<!-- end of the figures -->', from)
  if (from < 0 || to < 0) throw new Error(`${path} has no place for the figures of ${name}`)
  await writeFile(path, `${page.slice(0, from + open.length)}\n${text}${page.slice(to)}`)
}
