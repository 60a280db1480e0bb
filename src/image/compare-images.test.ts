import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { instanceFrom } from '../host/instance.ts'
import type { Digest } from '../model/names.ts'
import { compareImages } from './compare-images.ts'
import { ImageStore } from './image-store.ts'
import { encodeHeader, endOfArchive, paddingFor, type TarEntry } from './tar.ts'

describe('compareImages()', () => {
  let home: string
  let store: ImageStore
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'berth-compare-'))
    store = new ImageStore(instanceFrom({ BERTH_HOME: home }))
  })
  after(() => rm(home, { recursive: true }))

  const file = (path: string, content: string, more: Partial<TarEntry> = {}) => ({ path, content, ...more })
  const directory = (path: string) => ({ path: `${path}/`, content: '', type: 'directory' as const, mode: 0o755 })

  /** Puts an archive into the store, as a build would. */
  async function layer(...entries: (Partial<TarEntry> & { path: string; content: string })[]): Promise<Digest> {
    const { digest } = await store.blobs.add(async (output) => {
      for (const { content, ...entry } of entries) {
        const size = content.length
        await output.write(encodeHeader({ type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1, ...entry, size }))
        await output.write(Buffer.from(content))
        await output.write(paddingFor(size))
      }
      await output.write(endOfArchive)
    })
    return digest
  }

  it('lists what was added, removed and changed, with sizes', async () => {
    const from = await layer(directory('app'), file('app/a.py', 'one'), file('app/b.py', 'two'), file('app/c.py', 'x'))
    const to = await layer(directory('app'), file('app/a.py', 'three'), file('app/c.py', 'x'), file('app/d.py', 'four'))
    const found = await compareImages(store, { from: [from], to: [to] }, 10)
    assert.deepEqual([found.added, found.removed, found.changed, found.otherTime], [1, 1, 1, 0])
    assert.deepEqual(
      found.list.map(({ change, path, from: was, to: is }) => [change, path, was, is]),
      [
        ['changed', '/app/a.py', 3, 5],
        ['removed', '/app/b.py', 3, undefined],
        ['added', '/app/d.py', undefined, 4],
      ],
    )
  })

  it('sees what an application sees: what a layer hides is gone', async () => {
    const base = await layer(directory('etc'), file('etc/motd', 'hello'), directory('opt'), file('opt/tool', 'x'))
    const hiding = await layer(file('etc/.wh.motd', ''), file('opt/.wh..wh..opq', ''), file('opt/other', 'y'))
    const { list } = await compareImages(store, { from: [base], to: [base, hiding] }, 10)
    assert.deepEqual(
      list.map(({ change, path }) => `${change} ${path}`),
      ['removed /etc/motd', 'added /opt/other', 'removed /opt/tool'],
    )
  })

  it('is the same for layers that come to the same', async () => {
    const both = await layer(directory('app'), file('app/a', '1'), file('app/b', '2'))
    const one = await layer(directory('app'), file('app/a', '0'))
    const other = await layer(file('app/a', '1'), file('app/b', '2'))
    const found = await compareImages(store, { from: [both], to: [one, other] }, 10)
    assert.deepEqual(found, { added: 0, removed: 0, changed: 0, list: [], otherTime: 0 })
  })

  it('counts the rest when there are more than it may list, and times apart', async () => {
    const many = Array.from({ length: 30 }, (_, index) => file(`f${String(index).padStart(2, '0')}`, 'x'))
    const to = await layer(...many, file('same', 's', { mtime: 2 }))
    const found = await compareImages(store, { from: [await layer(file('same', 's'))], to: [to] }, 3)
    assert.deepEqual([found.added, found.list.length, found.otherTime], [30, 3, 1])
  })

  it('names a layer that is not in the store', async () => {
    const lost = `sha256:${'0'.repeat(64)}` as const
    await assert.rejects(compareImages(store, { from: [lost], to: [] }, 1), { name: 'Problem', message: /0000/ })
  })
})
