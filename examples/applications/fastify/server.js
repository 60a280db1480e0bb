import Fastify from 'fastify'

const app = Fastify({ logger: true })
const schema = {
  response: { 200: { type: 'object', properties: { heap: { type: 'boolean' }, text: { type: 'string' } } } },
}

app.get('/', { schema }, async () => {
  const { rss, heapTotal } = process.memoryUsage()
  return { heap: rss > heapTotal / 2, text: 'by a schema' }
})
await app.listen({ port: Number(process.env.PORT), host: '0.0.0.0' })
