import { DatabaseSync } from 'node:sqlite'
import express from 'express'

const database = new DatabaseSync('/data/visits.sqlite')
database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS visits (at INTEGER)')

const app = express()
app.get('/', (_request, response) => {
  database.prepare('INSERT INTO visits VALUES (?)').run(Date.now())
  response.json(database.prepare('SELECT count(*) AS visits FROM visits').get())
})
app.listen(process.env.PORT)
