import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { repository } from './test-berth.ts'

const run = promisify(execFile)

describe('the package that npm packs', { timeout: 300_000 }, () => {
  let folder: string
  let command: string

  before(async () => {
    folder = await mkdtemp('/var/tmp/berth-package-')
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: repository })
    const archive = join(folder, stdout.trim().split('\n').at(-1) ?? '')
    const install = ['install', '--global', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, archive]
    await run('npm', install, { cwd: folder, maxBuffer: 10_000_000 })
    command = join(folder, 'bin', 'berth')
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('installs a `berth` of compiled JavaScript, with nothing of the sources', async () => {
    await access(join(folder, 'lib/node_modules/berth/dist/cli/main.cjs'))
    await assert.rejects(access(join(folder, 'lib/node_modules/berth/src')))
    const { stdout } = await run(command, ['--version'], { cwd: '/' })
    assert.match(stdout, /^[0-9]+\.[0-9]+\.[0-9]+\n$/)
  })

  it('tells what the host has', async () => {
    const { stdout } = await run(command, ['doctor', '--json'], {
      cwd: '/',
      env: { ...process.env, BERTH_HOME: folder },
    })
    const checks = JSON.parse(stdout) as { name: string; state: string }[]
    assert.ok(checks.some(({ name, state }) => name === 'runc' && state === 'have'))
  })
})
