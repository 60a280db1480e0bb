import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LayerEntries, LayerEntry } from '../../image/index.ts'
import { ByteReader, WrongLength } from './byte-reader.ts'
import { whyHarmful } from './harmful-layer.ts'

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  await Promise.resolve()
  for (const text of texts) yield Buffer.from(text)
}

describe('ByteReader', () => {
  it('takes what is asked for, however it comes', async () => {
    const reader = new ByteReader(pieces('ab', '', 'cdef', 'g'))
    assert.equal(String(await reader.take(3)), 'abc')
    assert.equal(String(await reader.take(0)), '')
    assert.equal(String(await reader.take(4)), 'defg')
    await reader.end()
  })
  it('says that there is too little, or too much', async () => {
    await assert.rejects(new ByteReader(pieces('ab')).take(3), WrongLength)
    await assert.rejects(new ByteReader(pieces()).take(1), WrongLength)
    await assert.rejects(new ByteReader(pieces('', 'x')).end(), WrongLength)
  })
  it('forgets what is left', async () => {
    const reader = new ByteReader(pieces('ab', 'cd'))
    await reader.take(1)
    await reader.drain()
    await reader.end()
  })
})

describe('whyHarmful()', () => {
  const entry = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => ({
    ...{ path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0, attributes: '' },
    ...more,
  })
  const layer = (...entries: LayerEntry[]): LayerEntries => new Map(entries.map((each) => [each.path, each]))
  const directory = entry('usr', { type: 'directory', mode: 0o755 })
  const cases: { it: string; layer: LayerEntries; gives: RegExp | undefined }[] = [
    {
      it: 'finds nothing in what berth writes',
      layer: layer(
        directory,
        entry('usr/tool'),
        entry('usr/.wh.gone', { mode: 0 }),
        entry('usr/again', { type: 'hardlink', linkTarget: 'usr/tool' }),
        entry('usr/link', { type: 'symlink', linkTarget: '/etc/passwd' }),
      ),
      gives: undefined,
    },
    { it: 'refuses absolute paths', layer: layer(entry('/etc/passwd')), gives: /leads out of it/ },
    { it: 'refuses paths that go up', layer: layer(entry('usr/../../etc/passwd')), gives: /leads out of it/ },
    { it: 'refuses devices', layer: layer(entry('disk', { type: 'block' })), gives: /device/ },
    { it: 'refuses what gives rights', layer: layer(entry('su', { mode: 0o4755 })), gives: /rights of its owner/ },
    {
      it: 'refuses links to what is elsewhere',
      layer: layer(entry('shadow', { type: 'hardlink', linkTarget: '../../etc/shadow' })),
      gives: /link to what is not in it/,
    },
    {
      it: 'refuses to write through a link',
      layer: layer(entry('usr', { type: 'symlink', linkTarget: '/usr' }), entry('usr/bin/tool')),
      gives: /below usr, which is no directory/,
    },
  ]
  for (const { it: name, layer: entries, gives } of cases) {
    it(name, () => {
      const reason = whyHarmful(entries)
      if (gives === undefined) assert.equal(reason, undefined)
      else assert.match(reason ?? '', gives)
    })
  }
})
