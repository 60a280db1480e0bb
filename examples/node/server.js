import os from 'node:os'
import express from 'express'

const app = express()
const port = Number(process.env.PORT ?? 3000)

app.get('/', (request, response) => {
  response.type('text/plain').send(`Hello from Express!\n\nFrom: ${os.hostname()}\nListening on port: ${port}\n`)
})

const server = app.listen(port)
process.on('SIGTERM', () => server.close())
