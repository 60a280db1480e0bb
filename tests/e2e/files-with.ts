import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

/** Files that have this in them, also below folders. One that goes away while it is searched for is none. */
export async function filesWith(content: string, places: readonly string[]): Promise<string[]> {
  for (const place of places) await access(place)
  const child = spawn('grep', ['-rlF', content, ...places], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [found, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const complaints = said.split('\n').filter((line) => !/^(grep: .*: No such file or directory)?$/.test(line))
  assert.deepEqual(complaints, [], `grep ended with ${String(code)}`)
  assert.ok(code === 0 || code === 1 || said !== '', `grep ended with ${String(code)}`)
  return found.split('\n').filter(Boolean)
}
