import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isolatorContract } from '../contract/isolator.ts'
import { startDocker } from '../contract/test-docker.ts'
import { run, TestSandboxes } from '../contract/test-sandboxes.ts'
import { throttlesOf } from '../contract/throttles.ts'

let daemon: AsyncDisposable | undefined
before(async () => {
  daemon = await startDocker()
})
after(() => daemon?.[Symbol.asyncDispose]())

isolatorContract('docker')

describe("images in the host's Docker", () => {
  it('go when nothing needs them, and nobody else has to miss one', async () => {
    await using all = await TestSandboxes.create('docker')
    const { id, spec } = await all.start()
    const image = { manifest: spec.image?.manifest ?? '', layers: spec.layers }
    const [own, foreign] = [`${all.instance.name}:${image.manifest.replace('sha256:', '')}`, 'foreign:latest']
    await run('docker', ['tag', own, foreign])
    assert.deepEqual(await all.isolator.garbage([image]), [])
    const found = await all.isolator.garbage([])
    assert.deepEqual(
      found.map(({ kind, name }) => ({ kind, name })),
      [{ kind: 'docker-image', name: own }],
    )
    assert.ok((found[0]?.bytes ?? 0) > 1_000_000)
    await all.isolator.stop(id, 5)
    for (const item of found) await item.remove()
    assert.deepEqual(await all.isolator.garbage([]), [])
    await run('docker', ['image', 'inspect', foreign])
  })
})

describe('a volume that Docker mounts', () => {
  it('has a bounded speed', async () => {
    await using all = await TestSandboxes.create('docker')
    const source = join(all.instance.home, 'volumes', 'data')
    const image = { file: `${source}.ext4`, bytes: 8 * 1024 ** 2, inodes: 256 }
    const { pid } = await all.start(['sleep', '100'], { volumes: [{ source, target: '/data', image }] })
    assert.match(await throttlesOf(pid), new RegExp(`^7:\\d+ .*\\b${all.limits.ioBytesPerSecond}\\b`, 'm'))
  })
})
