import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { processorsAbove } from '../../src/host/cgroup-processors.ts'
import { type CgroupFacts, cgroupFacts } from '../../src/host/cgroups.ts'
import { numbersOf } from '../../src/host/processors.ts'
import { eventually, TestBerth } from './test-berth.ts'

/** Burns its first processor, and any other, until it is told to stop. */
const source = `import multiprocessing
import os

from flask import Flask

app = Flask(__name__)
burners = []


def burn():
    while True:
        pass


@app.get("/burn")
def start():
    for _ in range(os.cpu_count() + 1):
        burners.append(multiprocessing.Process(target=burn, daemon=True))
        burners[-1].start()
    return "burning"


@app.get("/rest")
def stop():
    for burner in burners:
        burner.kill()
    return "resting"


@app.get("/")
def page():
    return "here"
`

describe('an application that uses up its quota of processor time', { timeout: 600_000 }, () => {
  let berth: TestBerth
  let facts: CgroupFacts
  let all: readonly number[]
  const group = () => `/${berth.instance.name}/sandbox-flask-1`

  const processors = async () => {
    const root = facts.version === 2 ? facts.root : (facts.roots.get('cpuset') ?? '')
    const name = facts.version === 2 ? 'cpuset.cpus.effective' : 'cpuset.effective_cpus'
    return numbersOf((await readFile(join(root, group(), name), 'utf8')).trim())
  }

  before(async () => {
    berth = await TestBerth.create()
    facts = await cgroupFacts()
    const folder = await berth.folder('examples/flask')
    const asItIs = await readFile(join(folder, 'berth.toml'), 'utf8')
    const manifest = asItIs.replace('[start]', '[start]\nhealth_timeout = 120')
    // A small quota is used up on a busy machine, too.
    await writeFile(join(folder, 'berth.toml'), `${manifest}\n[isolation]\ncpus = 0.1\n`)
    await writeFile(join(folder, 'webapp.py'), source)
    await berth.ok('deploy', folder)
    all = numbersOf(await processorsAbove(facts, group()))
  })
  after(() => berth[Symbol.asyncDispose]())

  it('may run everywhere as long as it does not', async () => {
    assert.ok(all.length > 0)
    await eventually('all processors are its own', async () => (await processors()).length === all.length, 120)
  })

  it('is gathered on as few processors as make it up, and serves on', async () => {
    assert.equal((await berth.get('flask', '/burn')).text, 'burning')
    await eventually('it has one processor', async () => (await processors()).length === 1, 120)
    assert.equal((await berth.get('flask', '/rest')).text, 'resting')
  })

  it('may run everywhere again when it has rested', async () => {
    await eventually('all processors are its own', async () => (await processors()).length === all.length, 120)
    assert.equal((await berth.get('flask')).text, 'here')
  })
})
