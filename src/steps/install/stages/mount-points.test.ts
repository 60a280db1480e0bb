import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MountPoints } from './mount-points.ts'

describe('the places of mounts', () => {
  let directory: string
  let root: string
  let points: MountPoints
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-mounts-'))
    root = join(directory, 'root')
    await mkdir(join(root, 'run'), { recursive: true })
    points = new MountPoints(root)
    await points.remember(root, ['/run/secrets/token', '/opt/tools', '/run'])
    // As a runtime would.
    await mkdir(join(root, 'run/secrets'))
    await writeFile(join(root, 'run/secrets/token'), '')
    await mkdir(join(root, 'opt/tools'), { recursive: true })
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('are no part of a layer, but what was there before is', async () => {
    await points.remove()
    assert.deepEqual(await readdir(root), ['run'])
    assert.deepEqual(await readdir(join(root, 'run')), [])
  })

  it('stay when the command has put something there', async () => {
    await writeFile(join(root, 'opt/kept'), 'content')
    await writeFile(join(root, 'run/secrets/token'), 'content')
    await points.remove()
    assert.deepEqual((await readdir(root)).sort(), ['opt', 'run'])
    assert.deepEqual(await readdir(join(root, 'opt')), ['kept'])
    assert.deepEqual(await readdir(join(root, 'run/secrets')), ['token'])
  })

  it('are not looked for where a link of the command leads', async () => {
    const outside = join(directory, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'token'), '')
    await rename(join(root, 'run/secrets'), join(root, 'run/moved'))
    await symlink(outside, join(root, 'run/secrets'))
    await points.remove()
    await access(join(outside, 'token'))
  })
})
