import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as archives from '../../../tests/adapters/debian-archive.ts'
import { DebianSetting, install } from '../../../tests/adapters/debian-setting.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Artifact } from '../../model/lock.ts'
import { aptConfiguration } from './debian-client.ts'
import { heldFiles } from './debian-held.ts'

describe('debian, while a lock is renewed', () => {
  let setting: DebianSetting
  before(async () => (setting = await DebianSetting.create()))
  after(() => setting.close())

  it('keeps what is locked back, although the archive has something newer alone, and where it was listed', async () => {
    await setting.publish('/kept/', 'stable', {
      debs: [await setting.deb('kept', '1'), await setting.deb('moving', '1')],
    })
    const first = await setting.session(testing.recording, setting.source('/kept'), install('kept', 'moving'))
    const held = first.artifacts.filter(({ name }) => name === 'kept')
    await setting.publish('/kept/', 'stable', {
      debs: [await setting.deb('kept', '2'), await setting.deb('moving', '2')],
    })
    setting.server.files.delete('/kept/pool/main/kept_1_all.deb')
    const second = await setting.session({ mode: 'record', held }, setting.source('/kept'), install('kept', 'moving'))
    assert.deepEqual(second.apt.fetched, ['kept_1', 'moving_2'], second.apt.output)
    assert.deepEqual(
      second.artifacts.filter(({ name }) => name === 'kept'),
      held,
    )
    assert.deepEqual(second.notices, [])
    const again = await setting.session(second.replay, setting.source('/kept'), install('kept', 'moving'))
    assert.deepEqual(again.apt.fetched, ['kept_1', 'moving_2'], again.apt.output)
  })

  it('does not put back what an image has in a newer version', async () => {
    await setting.publish('/there/', 'stable', { debs: [await setting.deb('there', '1')] })
    const { artifacts: held } = await setting.session(testing.recording, setting.source('/there'), install('there'))
    await setting.publish('/there/', 'stable', { debs: [await setting.deb('there', '3')] })
    await using proxy = await testing.startTestProxy(setting.directory, { mode: 'record', held }, setting.make)
    const [sources = '', preferences = ''] = Object.values(heldFiles(held))
    const status =
      'Package: there\nStatus: install ok installed\nArchitecture: all\nVersion: 2\nMaintainer: N <n@x>\nDescription: x\n'
    const given = { proxy, sources, preferences, status, configuration: aptConfiguration('record') }
    assert.deepEqual((await archives.runApt(setting.directory, given, install('there'))).fetched, [])
  })

  it('says that what is locked cannot be kept back', async () => {
    await setting.publish('/held/', 'stable', { debs: [await setting.deb('held', '2')] })
    const held: Artifact[] = [{ kind: 'deb', name: 'held', version: '1', url: 'http://x/', sha256: '', size: 1 }]
    const { notices } = await setting.session({ mode: 'record', held }, setting.source('/held'), install('held'))
    assert.match(notices.join(), /held comes as 2 now/)
  })
})
