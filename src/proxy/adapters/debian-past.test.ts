import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DebianSetting, install } from '../../../tests/adapters/debian-setting.ts'
import type { MakeAdapter } from '../adapter.ts'
import type { Session } from '../session.ts'
import { debianWithKeyrings } from './debian.ts'

const past: Session = { mode: 'record', held: [], asOf: new Date('2026-03-01T00:00:00Z') }
const release = { Date: 'Sun, 01 Feb 2026 00:00:00 UTC' }

describe('debian, with a mirror of snapshots', () => {
  let setting: DebianSetting
  let make: MakeAdapter
  before(async () => {
    setting = await DebianSetting.create()
    const template = `${setting.server.origin('snapshot.example.org')}/kept/{archive}/{timestamp}/`
    make = debianWithKeyrings(join(setting.directory, 'keyrings'), template)
  })
  after(() => setting.close())

  it('shows an archive as it was at the date, and locks its packages where they belong', async () => {
    const old = { debs: [await setting.deb('shop', '1')], release }
    await setting.publish('/kept/debian/20260301T000000Z/', 'stable', old)
    await setting.publish('/debian/', 'stable', { debs: [await setting.deb('shop', '2')] })
    const { apt, artifacts, notices, replay } = await setting.session(
      past,
      setting.source('/debian'),
      install('shop'),
      make,
    )
    assert.deepEqual(apt.fetched, ['shop_1'], apt.output)
    assert.deepEqual(
      artifacts.map(({ url, version }) => [url, version]),
      [[`${setting.archive}/debian/pool/main/shop_1_all.deb`, '1']],
    )
    assert.deepEqual(notices, [])
    const again = await setting.session(replay, setting.source('/debian'), install('shop'), make)
    assert.deepEqual(again.apt.fetched, ['shop_1'], again.apt.output)
  })

  it('takes what the mirror does not have as it is, and says so', async () => {
    await setting.publish('/third/', 'stable', { debs: [await setting.deb('third', '3')] })
    const { apt, notices } = await setting.session(past, setting.source('/third'), install('third'), make)
    assert.deepEqual(apt.fetched, ['third_3'], apt.output)
    assert.match(notices.join(), /is of 2026-06-01/)
  })

  it('goes by today where no date is given', async () => {
    await setting.publish('/debian/', 'stable', { debs: [await setting.deb('shop', '2')] })
    const now: Session = { mode: 'record', held: [] }
    const { apt } = await setting.session(now, setting.source('/debian'), install('shop'), make)
    assert.deepEqual(apt.fetched, ['shop_2'], apt.output)
  })
})
