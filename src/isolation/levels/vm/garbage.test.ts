import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { instanceFrom, type Instance } from '../../../host/instance.ts'
import { machineGarbage } from './garbage.ts'
import { sharedPaths } from './paths.ts'
import { noteOf, rootImageName } from './root-image.ts'

const kept = { manifest: 'sha256:1', layers: ['/layers/a', '/layers/b'] }
const old = { manifest: 'sha256:2', layers: ['/layers/a'] }

describe('machineGarbage()', () => {
  let home: string
  let instance: Instance
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'berth-garbage-'))
    instance = instanceFrom({ BERTH_HOME: home })
  })
  afterEach(() => rm(home, { recursive: true }))

  it('is empty where there was never a virtual machine', async () => {
    assert.deepEqual(await machineGarbage(instance, []), [])
  })

  it('is what no kept image is made of, with its notes, and goes', async () => {
    const { images } = sharedPaths(instance)
    await mkdir(images, { recursive: true })
    const [wanted, unwanted] = [rootImageName(kept.layers), rootImageName(old.layers)]
    for (const name of [wanted, unwanted]) {
      await writeFile(join(images, name), Buffer.alloc(100_000, 1))
      await writeFile(join(images, noteOf(name)), '[]')
    }
    const found = await machineGarbage(instance, [kept])
    assert.deepEqual(found.map(({ name }) => name).sort(), [unwanted, noteOf(unwanted)].sort())
    assert.ok(found.reduce((sum, { bytes }) => sum + bytes, 0) >= 100_000)
    for (const item of found) await item.remove()
    assert.deepEqual((await readdir(images)).sort(), [wanted, noteOf(wanted)].sort())
  })
})
