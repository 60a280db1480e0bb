import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { Secret } from '../../../model/secret.ts'
import { innerScript, quote } from './inner.ts'
import { shellProgram } from './stage.ts'

const run = promisify(execFile)

const hostile = ["it's", '$(id)', '`id`', 'a\nb', '', ' ', '\\', '"', '-n', '*', "'; exit 3; '", 'ü\u{1F600}']

describe('quote()', () => {
  for (const word of hostile)
    it(`lets a shell read ${JSON.stringify(word)} as one word`, async () => {
      const { stdout } = await run(shellProgram, ['sh', '-c', `printf '<%s>' ${quote(word)} x`])
      assert.equal(stdout, `<${word}><x>`)
    })
})

describe('innerScript()', () => {
  const spec: SandboxSpec = {
    id: 'shop-1',
    level: 'lxc',
    hostname: 'shop',
    layers: [],
    argv: ['serve', ...hostile],
    workdir: '/srv/my app',
    env: { IFS: 'o', KEY: new Secret("-----BEGIN-----\n'x'\n"), PWD: '/elsewhere' },
    idBase: 1_265_536,
    volumes: [],
    limits: { memoryBytes: 1, cpus: 1, pids: 1, tmpBytes: 1, ioBytesPerSecond: 1 },
    port: 8000,
    logFile: '/logs/shop-1.log',
  }
  const script = innerScript(spec, { hasTerminal: false })

  it('is one that the shell can read', async () => {
    await run(shellProgram, ['sh', '-n', '-c', script])
  })

  it('gives exactly the environment and the arguments, whatever is in them', async () => {
    // From what stands before the gate on, with `env` and `printf` in place of the application.
    const settings = script.slice(script.indexOf('unset'), script.indexOf('exec'))
    const clean = { env: { container: 'x', NOTIFY_SOCKET: '/x' } }
    const { stdout } = await run(shellProgram, ['sh', '-c', `${settings} exec ${shellProgram} env -0`], clean)
    const found = new Map(stdout.split('\0').map((line) => [line.replace(/=.*/s, ''), line.replace(/^[^=]*=/s, '')]))
    found.delete('')
    assert.deepEqual([...found.keys()].sort(), ['HOME', 'IFS', 'KEY', 'PATH', 'PWD'])
    assert.equal(found.get('KEY'), "-----BEGIN-----\n'x'\n")
    assert.equal(found.get('PWD'), '/elsewhere')
    const last = script.trimEnd().slice(script.indexOf('exec'))
    const said = await run(shellProgram, ['sh', '-c', last.replace(/^exec '[^']*'/, "printf '<%s>'")])
    assert.equal(said.stdout, ['--', 'serve', ...hostile].map((word) => `<${word}>`).join(''))
  })
})
