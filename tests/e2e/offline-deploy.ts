import { readdir, readFile } from 'node:fs/promises'
import { pathsOf } from '../../src/host/instance.ts'
import type { AppStatus } from '../../src/model/api.ts'
import { TestBerth } from './test-berth.ts'

/**
 * Deploys a bundle in a home of its own, and says what came of it: run by a test inside a network namespace that leads
 * nowhere. Arguments: the bundle and the application.
 */
const [bundle = '', app = ''] = process.argv.slice(2)
delete process.env['BERTH_TEST_CACHE']
await using berth = await TestBerth.create()
// Of the namespace that this process is in; /sys may show another.
const devices = (await readFile('/proc/self/net/dev', 'utf8')).matchAll(/^ *(\S+):/gm)
const interfaces = [...devices].map(([, name]) => name)
const { last } = await berth.events('deploy', bundle)
const page = last.kind === 'deployed' ? await berth.get(app) : undefined
const status = last.kind === 'deployed' ? await berth.json<AppStatus>('status', app) : undefined
const again = last.kind === 'deployed' ? (await berth.events('bundle', app, '-o', `${bundle}.again`)).last : undefined
const blobs = await readdir(pathsOf(berth.instance).blobs)
process.stdout.write(`${JSON.stringify({ interfaces, last, page, status, again, blobs: blobs.length })}\n`)
