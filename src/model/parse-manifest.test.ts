import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseManifest } from './parse-manifest.ts'
import { Problem } from './problem.ts'

function problemOf(text: string): Problem {
  try {
    parseManifest(text, 'berth.toml')
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('the manifest was accepted')
}

describe('parseManifest()', () => {
  it('fills in every default of an empty manifest', () => {
    const manifest = parseManifest('', 'berth.toml')
    assert.equal(manifest.start.stop_grace, 10)
    assert.equal(manifest.isolation.level, 'container')
    assert.deepEqual(manifest.initialise.run, [])
  })

  it('has one name for each signal', () => {
    const manifest = parseManifest('[start]\nstop_signal = "quit"\n', 'berth.toml')
    assert.equal(manifest.start.stop_signal, 'SIGQUIT')
  })

  it('reads a variable with its type and default', () => {
    const manifest = parseManifest('[configure.env]\nDB_PORT = { type = "port", default = 5432 }\n', 'berth.toml')
    assert.deepEqual(manifest.configure.env['DB_PORT'], { type: 'port', default: 5432, secret: false })
  })

  const refused = [
    {
      it: 'names the nearest known key',
      text: '[start]\nprot = 80\n',
      at: 'berth.toml:2',
      message: /`prot` in \[start\]/,
      fix: /`port`/,
    },
    {
      it: 'names the nearest section',
      text: 'name = "a"\n[strat]\n',
      at: 'berth.toml:2',
      message: /`strat`/,
      fix: /`start`/,
    },
    {
      it: 'finds a misspelt key inside an inline table',
      text: '[configure.env]\nA = { secret = true }\nB = { secert = true }\n',
      at: 'berth.toml:3',
      message: /`secert` in \[configure.env.B\]/,
      fix: /`secret`/,
    },
    {
      it: 'points at a value of the wrong type',
      text: '[start]\n\nport = "80"\n',
      at: 'berth.toml:3',
      message: /`start.port`/,
      fix: /Correct/,
    },
    {
      it: 'refuses the address of another application as a domain',
      text: '[start]\ndomains = ["other.localhost"]\n',
      at: 'berth.toml:2',
      message: /not one of \.localhost/,
      fix: /Correct/,
    },
    {
      it: 'refuses a health path that no request could ask for',
      text: '[start]\nhealth = "/健康"\n',
      at: 'berth.toml:2',
      message: /ASCII/,
      fix: /Correct/,
    },
    {
      it: 'refuses a signal that no application would get',
      text: '[start]\nstop_signal = "SIGSTOP"\n',
      at: 'berth.toml:2',
      message: /can ask to end/,
      fix: /Correct/,
    },
    {
      it: 'refuses to declare what berth sets itself',
      text: '[configure.env]\nPORT = { type = "port" }\n',
      at: 'berth.toml:2',
      message: /PORT.*berth sets itself/,
      fix: /Rename/,
    },
    {
      it: 'refuses a volume that hides what a sandbox needs',
      text: '[isolation]\nvolumes.data = { path = "/proc/self" }\n',
      at: 'berth.toml:2',
      message: /must not hide/,
      fix: /Correct/,
    },
    {
      it: 'refuses a volume inside another',
      text: '[isolation.volumes]\na = { path = "/data/sub" }\nb = { path = "/data" }\n',
      at: 'berth.toml:1',
      message: /inside the path of another/,
      fix: /Correct/,
    },
    {
      it: 'refuses more memory than can be counted',
      text: '[isolation]\nmemory = "999999999G"\n',
      at: 'berth.toml:2',
      message: /at most/,
      fix: /Correct/,
    },
    {
      it: 'points at a value out of range',
      text: '[start]\nport = 70000\n',
      at: 'berth.toml:2',
      message: /`start.port`/,
      fix: /Correct/,
    },
    {
      it: 'points at broken TOML',
      text: 'name = "a"\nport = \n',
      at: 'berth.toml:2',
      message: /Cannot read/,
      fix: /Correct/,
    },
    {
      it: 'refuses a path that leads out of the application',
      text: '[install]\nrequirements = "../x"\n',
      at: 'berth.toml:2',
      message: /install.requirements/,
      fix: /Correct/,
    },
    {
      it: 'refuses to give an application what is for builds alone',
      text: '[configure.env]\nBERTH_SSH_KEY = { secret = true }\n',
      at: 'berth.toml:2',
      message: /for builds alone/,
      fix: /Rename/,
    },
    {
      it: 'refuses a name that is no name',
      text: 'name = "../x"\n',
      at: 'berth.toml:1',
      message: /`name`/,
      fix: /Correct/,
    },
    {
      it: 'refuses a variable that no shell could set',
      text: '[configure.env]\n"A-B" = {}\n',
      at: 'berth.toml:2',
      message: /A-B/,
      fix: /Rename/,
    },
  ]
  for (const { it: name, text, at, message, fix } of refused) {
    it(name, () => {
      const problem = problemOf(text)
      assert.equal(problem.text.at, at)
      assert.match(problem.text.message, message)
      assert.match(problem.text.fix, fix)
    })
  }

  it('names every fault at once, in the order of the file', () => {
    const problem = problemOf('[start]\nprot = 80\n[isolation]\nmemory = "lots"\n')
    assert.match(problem.text.message, /prot/)
    assert.equal(problem.text.lines?.length, 1)
    assert.match(problem.text.lines[0] ?? '', /^berth.toml:4: `isolation.memory`/)
  })
})
