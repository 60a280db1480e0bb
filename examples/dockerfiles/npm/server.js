const express = require('express')

const app = express()
app.get('/', (request, response) => response.sendFile('page.html', { root: __dirname }))
app.listen(3000)
