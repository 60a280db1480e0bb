import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, watch, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Programs, a child of its own kind that it talks with, and a folder that it watches. */
if (process.send) {
  process.once('message', (words) => process.send(words.toUpperCase(), () => process.exit()))
} else {
  createServer(async (_request, response) => {
    const { stdout } = await promisify(execFile)('sh', ['-c', 'echo by a shell | tr a-z A-Z'])
    const child = fork(import.meta.filename)
    child.send('by fork')
    const [said] = await once(child, 'message')
    const folder = mkdtempSync(join(tmpdir(), 'watched-'))
    const watcher = watch(folder)
    setTimeout(() => writeFileSync(join(folder, 'news'), ''), 50)
    const [, name] = await once(watcher, 'change')
    watcher.close()
    response.end(`${stdout.trim()}, ${said}, ${name}\n`)
  }).listen(process.env.PORT)
}
