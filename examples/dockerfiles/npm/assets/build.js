const { marked } = require('marked')

process.stdout.write(marked.parse('# Berth\n\nMade by *npm ci*, served by *express*.\n'))
