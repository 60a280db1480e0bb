import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Problem } from '../model/problem.ts'
import { commands } from './commands.ts'
import { completionScripts } from './completion.ts'
import { readCommandLine } from './program.ts'

function read(line: string) {
  const request = readCommandLine(line.split(' '))
  assert.ok(request.kind === 'command')
  return { name: request.command.name, json: request.json, ...request.input }
}

describe('readCommandLine()', () => {
  const none = { git: undefined, tag: undefined }
  const deploy = { ...none, name: 'deploy', folder: undefined, set: [], plan: false, locked: false, verbose: false }
  const cases = [
    { line: 'deploy', expected: { ...deploy, json: false } },
    {
      line: 'deploy examples/taslug --set A=1 --set B=2 --json',
      expected: { ...deploy, folder: 'examples/taslug', set: ['A=1', 'B=2'], json: true },
    },
    {
      line: 'logs shop -f -n 5 --since 10m',
      expected: { name: 'logs', app: 'shop', follow: true, lines: '5', since: '10m', json: false },
    },
    {
      line: 'run shop -- ls -la --json',
      expected: { name: 'run', app: 'shop', argv: ['ls', '-la', '--json'], json: false },
    },
    { line: 'exec shop --json ls', expected: { name: 'exec', app: 'shop', argv: ['ls'], json: true } },
    {
      line: 'config set shop A=1 B',
      expected: { name: 'config set', app: 'shop', settings: ['A=1', 'B'], json: false },
    },
    { line: 'destroy shop -y', expected: { name: 'destroy', app: 'shop', yes: true, volumes: false, json: false } },
    { line: 'gc --dry-run', expected: { name: 'gc', dryRun: true, json: false } },
  ]
  for (const { line, expected } of cases) {
    it(`understands \`${line}\``, () => assert.deepEqual(read(line), expected))
  }

  const refusals = [
    { line: 'deplyo', message: /deplyo/, fix: /`deploy`/ },
    { line: 'deploy --tga v1', message: /--tga/, fix: /`--tag`/ },
    { line: 'config st shop', message: /'st'/, fix: /`set`/ },
    { line: 'exec shop ls -la', message: /-la/, fix: /`--` before/ },
    { line: 'status', message: /APP/, fix: /berth help status/ },
    { line: 'config', message: /not complete/, fix: /berth help config/ },
    { line: 'ps shop', message: /arguments/, fix: /berth help ps/ },
    { line: 'logs shop -n', message: /lines/i, fix: /berth help logs/ },
  ]
  for (const { line, message, fix } of refusals) {
    it(`refuses \`${line}\` and says what would do`, () => {
      assert.throws(
        () => readCommandLine(line.split(' ')),
        (error: Problem) => {
          assert.equal(error.code, 'usage')
          assert.match(error.message, message)
          assert.match(error.text.fix, fix)
          return true
        },
      )
    })
  }

  for (const line of ['', 'help', '--help', 'help deploy', 'deploy --help', 'config --help']) {
    it(`prints help for \`${line}\``, () => {
      const request = readCommandLine(line.split(' ').filter(Boolean))
      assert.ok(request.kind === 'help')
      assert.match(request.text, /^Usage: berth/)
    })
  }
})

describe('completionScripts', () => {
  for (const [shell, write] of completionScripts) {
    it(`name every command and option for ${shell}`, () => {
      const script = write(commands)
      for (const { name } of commands) assert.ok(script.includes(name.split(' ').at(-1) ?? ''), name)
      assert.match(script, /--dry-run|-l dry-run/)
    })
  }
})
