import { caddyFront } from '../../src/front/caddy.ts'
import { instanceFrom } from '../../src/host/instance.ts'

/** A berth that starts the front, routes the table given as JSON, says so and waits to be killed. */
const front = caddyFront(instanceFrom(process.env))
await front.ensureRunning()
await front.route(new Map(JSON.parse(process.argv[2] ?? '[]') as [string, string][]))
process.stdout.write('ready\n')
setInterval(() => undefined, 1000)
