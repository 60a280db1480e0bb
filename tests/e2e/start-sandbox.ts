import { instanceFrom } from '../../src/host/instance.ts'
import { ladder } from '../../src/isolation/ladder.ts'
import type { SandboxSpec } from '../../src/model/sandbox.ts'

/** Starts the sandbox given as JSON, prints its pid and waits to be killed. */
const spec = JSON.parse(process.argv[2] ?? '') as SandboxSpec
const { pid } = await ladder(instanceFrom(process.env)).start(spec)
process.stdout.write(`${pid}\n`)
setInterval(() => undefined, 1000)
