import assert from 'node:assert/strict'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { mountPoints } from '../../src/host/mounts.ts'
import type { Volume } from '../../src/model/sandbox.ts'
import { TestSandboxes } from '../contract/test-sandboxes.ts'
import { throttlesOf } from '../contract/throttles.ts'

const mebibyte = 1024 ** 2
const create = () => TestSandboxes.create('container')

function volumeIn(home: string, bytes: number, inodes = 256): Volume {
  const source = join(home, 'volumes', 'shop', 'data')
  return { source, target: '/data', image: { file: `${source}.ext4`, bytes, inodes } }
}

describe('a volume', { timeout: 120_000 }, () => {
  it('holds as many bytes as it was given, and is empty at first', async () => {
    await using all = await create()
    const { id } = await all.start(['sleep', '100'], { volumes: [volumeIn(all.instance.home, 8 * mebibyte)] })
    assert.equal(await all.shell(id, 'ls -A /data'), '')
    const { stderr, exit } = await all.exec(id, ['dd', 'if=/dev/zero', 'of=/data/fill', 'bs=1M', 'count=20'])
    assert.equal(exit.kind === 'code' && exit.code, 1)
    assert.match(stderr, /No space left on device/)
    assert.ok((await stat(join(all.instance.home, 'volumes/shop/data/fill'))).size < 8 * mebibyte)
  })

  it('holds as many files as it was given', async () => {
    await using all = await create()
    const { id } = await all.start(['sleep', '100'], { volumes: [volumeIn(all.instance.home, 8 * mebibyte, 64)] })
    const { stderr } = await all.exec(id, ['sh', '-c', 'for n in $(seq 200); do : > /data/$n || exit 1; done'])
    assert.match(stderr, /No space left on device/)
    assert.ok((await readdir(join(all.instance.home, 'volumes/shop/data'))).length < 64)
  })

  it('keeps what is in it, grows when it is given more, and never shrinks', async () => {
    await using all = await create()
    const [small, large] = [8, 24].map((size) => volumeIn(all.instance.home, size * mebibyte))
    assert.ok(small && large)
    const first = await all.start(['sleep', '100'], { volumes: [small] })
    await all.shell(first.id, 'echo kept > /data/note')
    await all.isolator.stop(first.id, 1)
    const second = await all.start(['sleep', '100'], { volumes: [large] })
    assert.equal(await all.shell(second.id, 'cat /data/note'), 'kept')
    await all.shell(second.id, 'dd if=/dev/zero of=/data/fill bs=1M count=16')
    await all.isolator.stop(second.id, 1)
    const third = await all.start(['sleep', '100'], { volumes: [small] })
    assert.equal(await all.shell(third.id, 'stat -c %s /data/fill; cat /data/note'), `${16 * mebibyte}\nkept`)
  })

  it('is given to the next release beside the one that has it, also when it should be larger', async () => {
    await using all = await create()
    const [small, large] = [8, 24].map((size) => volumeIn(all.instance.home, size * mebibyte))
    assert.ok(small && large)
    const { idBase } = all.spec([])
    const first = await all.start(['sleep', '100'], { idBase, volumes: [small] })
    const second = await all.start(['sleep', '100'], { idBase, volumes: [large] })
    await all.shell(first.id, 'echo from the first > /data/note')
    assert.equal(await all.shell(second.id, 'cat /data/note'), 'from the first')
    await all.isolator.stop(first.id, 1)
    await all.isolator.stop(second.id, 1)
    const third = await all.start(['sleep', '100'], { idBase, volumes: [large] })
    await all.shell(third.id, 'dd if=/dev/zero of=/data/fill bs=1M count=16')
  })

  it('is mounted for as long as a sandbox has it', async () => {
    await using all = await create()
    const volume = volumeIn(all.instance.home, 8 * mebibyte)
    const isMounted = async () => (await mountPoints()).includes(volume.source)
    const one = await all.start(['sleep', '100'], { volumes: [volume] })
    const other = await all.start(['sleep', '100'], { volumes: [volume] })
    await all.isolator.stop(one.id, 1)
    assert.equal(await isMounted(), true)
    await all.shell(other.id, 'echo still > /data/note')
    await all.isolator.stop(other.id, 1)
    assert.equal(await isMounted(), false)
  })

  for (const level of ['container', 'podman', 'gvisor', 'lxc'] as const) {
    it(`has a bounded speed at ${level}`, async () => {
      await using all = await TestSandboxes.create(level)
      const limits = { ...all.limits, ioBytesPerSecond: 7 * mebibyte }
      const { id, pid } = await all.start(['sleep', '100'], {
        limits,
        volumes: [volumeIn(all.instance.home, 8 * mebibyte)],
      })
      assert.match(await throttlesOf(pid), new RegExp(`^7:\\d+ .*\\b${7 * mebibyte}\\b`, 'm'), id)
    })
  }

  it('that an older berth made as a directory is not hidden', async () => {
    await using all = await create()
    const volume = volumeIn(all.instance.home, 8 * mebibyte)
    await mkdir(volume.source, { recursive: true })
    await writeFile(join(volume.source, 'note'), 'old')
    const { id } = await all.start(['sleep', '100'], { volumes: [volume] })
    assert.equal(await all.shell(id, 'ls /data'), 'note')
  })
})
