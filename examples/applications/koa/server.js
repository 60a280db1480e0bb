import { createReadStream } from 'node:fs'
import { createGzip } from 'node:zlib'
import Koa from 'koa'

/** Its own source, compressed by the pool of threads. */
const app = new Koa()
app.use((context) => {
  context.set('Content-Type', 'text/plain')
  if (context.path === '/compressed') {
    context.set('Content-Encoding', 'gzip')
    context.body = createReadStream(import.meta.filename).pipe(createGzip())
    return undefined
  }
  return fetch(`http://localhost:${process.env.PORT}/compressed`)
    .then((answer) => answer.text())
    .then((text) => (context.body = text.includes('compressed by the pool') ? 'compressed and back\n' : 'broken'))
})
app.listen(process.env.PORT, '0.0.0.0')
