import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Manifest } from '../model/manifest.ts'
import { Problem } from '../model/problem.ts'
import { describeLevel, requireGivenLimits } from './level.ts'

describe('requireGivenLimits()', () => {
  it('takes any level whose limits are left open', () => {
    requireGivenLimits(Manifest.parse({ isolation: { level: 'chroot' } }))
    requireGivenLimits(Manifest.parse({ isolation: { level: 'container', memory: '1G', cpus: 2, pids: 8, tmp: '1M' } }))
  })

  it('refuses what no level can on this host, and says who could', () => {
    const manifest = Manifest.parse({ isolation: { memory: '1G' } })
    assert.throws(() => requireGivenLimits(manifest, ['memory', 'cpus', 'pids']), /`container` cannot give `memory`/)
    requireGivenLimits(Manifest.parse({ isolation: { tmp: '1M' } }), ['memory', 'cpus', 'pids'])
  })

  it('refuses a limit that the level cannot give, and names those that can', () => {
    const manifest = Manifest.parse({ isolation: { level: 'chroot', memory: '1G', pids: 20, tmp: '1M' } })
    assert.throws(
      () => requireGivenLimits(manifest),
      (error: unknown) => {
        assert.ok(error instanceof Problem)
        assert.equal(error.code, 'level-cannot-give')
        assert.match(error.message, /`chroot` cannot give `memory`, `pids`/)
        assert.match(error.text.fix, /: nspawn, lxc, container, docker, podman, gvisor, vm$/)
        return true
      },
    )
  })
})

describe('describeLevel()', () => {
  const limits = {
    memoryBytes: 512 * 1024 ** 2,
    cpus: 1,
    pids: 256,
    tmpBytes: 64 * 1024 ** 2,
    ioBytesPerSecond: 32 * 1024 ** 2,
  }

  it('says what is limited', () => {
    const text = 'level container: 512 MiB memory, 1 cpus, 256 pids, 64 MiB in /tmp, 32 MiB a second of volumes'
    assert.deepEqual(describeLevel({ level: 'container', limits }), [text])
  })

  it('says what is not, and calls a weak level what it is', () => {
    const [first, second, third] = describeLevel({ level: 'process', limits })
    assert.equal(first, 'level process (unsafe): no limits')
    assert.match(second ?? '', /^process is a plain process/)
    assert.equal(third, 'process does not limit memory, cpus, pids, tmp, io')
  })
})
