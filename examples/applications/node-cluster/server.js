import cluster from 'node:cluster'
import { lookup } from 'node:dns/promises'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { availableParallelism, homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

// Processes that share a port; and what programs ask of the system that they run on.
if (cluster.isPrimary) {
  for (let worker = 0; worker < 3; worker += 1) cluster.fork()
} else {
  createServer(async (_request, response) => {
    const { address } = await lookup('localhost')
    const file = join(mkdtempSync(join(tmpdir(), 'page-')), 'text')
    writeFileSync(file, 'grüezi')
    const day = new Intl.DateTimeFormat('de-CH', { dateStyle: 'long', timeZone: 'Asia/Tokyo' }).format(0)
    const words = [readFileSync(file, 'utf8'), address, day, userInfo().username, homedir(), availableParallelism()]
    response.end(`worker ${cluster.worker.id <= 3}: ${words.join(' ')}\n`)
  }).listen(process.env.PORT)
}
