import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LayerEntries, LayerEntry } from './layer-entry.ts'
import { mergeLayers } from './merged-layers.ts'

function layer(...paths: string[]): LayerEntries {
  return new Map(
    paths.map((written) => {
      const isDirectory = written.endsWith('/')
      const [path = '', target] = written.replace(/\/$/, '').split(' -> ')
      const type = isDirectory ? 'directory' : target === undefined ? 'file' : 'hardlink'
      const link = target === undefined ? {} : { linkTarget: target }
      const entry: LayerEntry = { path, type, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, attributes: '', ...link }
      return [path, entry]
    }),
  )
}

describe('mergeLayers()', () => {
  const cases: { it: string; layers: LayerEntries[]; paths: string[] }[] = [
    { it: 'stacks layers', layers: [layer('a/', 'a/b'), layer('a/', 'a/c')], paths: ['a', 'a/b', 'a/c'] },
    { it: 'hides what a whiteout names', layers: [layer('a/', 'a/b', 'c'), layer('a/', 'a/.wh.b')], paths: ['a', 'c'] },
    { it: 'hides a directory with what is in it', layers: [layer('a/', 'a/b', 'ab'), layer('.wh.a')], paths: ['ab'] },
    {
      it: 'shows what the layer of an opaque directory itself has',
      layers: [layer('a/', 'a/old'), layer('a/', 'a/.wh..wh..opq', 'a/new')],
      paths: ['a', 'a/new'],
    },
    { it: 'puts a file in the place of a directory', layers: [layer('a/', 'a/b'), layer('a')], paths: ['a'] },
    { it: 'keeps whiteouts to the layers below', layers: [layer('.wh.a'), layer('a')], paths: ['a'] },
  ]
  for (const { it: name, layers, paths } of cases) {
    it(name, () => assert.deepEqual([...mergeLayers(layers).keys()], paths))
  }

  it('makes a file of a hard link', () => {
    const merged = mergeLayers([layer('b', 'c -> b')])
    assert.deepEqual(merged.get('c'), { ...merged.get('b'), path: 'c' })
  })
})
