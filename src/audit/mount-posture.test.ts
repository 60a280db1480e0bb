import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareMounts, type SeenMount } from './mount-posture.ts'

const volume = '/var/lib/berth/volumes/shop/data'
const wanted = { readOnlyRoot: true, nothingDroppedRuns: true, volumes: [volume] }

/** As the kernel of a test machine had them for an application at the level container, shortened. */
const recorded = mounts(
  '/ / overlay ro,nosuid,nodev',
  '/ /proc proc rw,nosuid,nodev,noexec',
  '/ /dev tmpfs rw,nosuid,noexec',
  '/ /dev/pts devpts rw,nosuid,noexec',
  '/ /tmp tmpfs rw,nosuid,nodev,noexec',
  '/ /sys tmpfs rw,nosuid,nodev,noexec',
  '/sandbox-shop-1 /sys/fs/cgroup/pids cgroup ro,nosuid,nodev,noexec',
  '/usr/bin/tini-static /run/berth/init ext4 ro,nosuid,nodev',
  '/null /dev/null devtmpfs rw',
  '/null /proc/kallsyms devtmpfs rw',
  '/ /srv/data ext4 rw,nosuid,nodev,noexec',
).map((mount) => (mount.point === '/srv/data' ? { ...mount, volume } : mount))

function mounts(...lines: string[]): SeenMount[] {
  return lines.map((line) => {
    const [root = '', point = '', type = '', options = ''] = line.split(' ')
    return { root, point, type, options: options.split(',') }
  })
}

describe('compareMounts()', () => {
  it('has nothing to say of what is as it was asked for', () => {
    assert.deepEqual(compareMounts(recorded, wanted), [])
  })

  it('takes the later one of two mounts at one point', () => {
    const covered = mounts('/data /mnt ext4 rw', '/ /mnt tmpfs ro')
    assert.deepEqual(compareMounts([...recorded, ...covered], wanted), [])
  })

  const cases: { it: string; mounts: SeenMount[]; drift: string }[] = [
    {
      it: 'a root that can be written to',
      mounts: mounts('/ / overlay rw,nosuid,nodev'),
      drift: 'its root can be written to',
    },
    {
      it: 'a directory of the host, even if it can only be read',
      mounts: mounts('/etc /mnt xfs ro,nosuid,nodev,noexec'),
      drift: '/mnt shows files of the host (xfs), and is no volume',
    },
    {
      it: 'a disk of the host',
      mounts: mounts('/sda /dev/sda devtmpfs rw'),
      drift: "/dev/sda is the host's device /sda",
    },
    {
      it: 'memory from which dropped files run',
      mounts: mounts('/ /tmp tmpfs rw,nosuid,nodev'),
      drift: 'what is written to /tmp can be executed',
    },
    {
      it: 'a volume from which dropped files run',
      mounts: [{ root: '/', point: '/srv/data', type: 'ext4', options: ['rw'], volume }],
      drift: 'what is written to /srv/data can be executed',
    },
    {
      it: 'a volume that something else covers',
      mounts: mounts('/ /srv/data tmpfs ro'),
      drift: `the volume ${volume} is not mounted`,
    },
  ]
  for (const { it: name, mounts: more, drift } of cases) {
    it(`finds ${name}`, () => {
      assert.deepEqual(compareMounts([...recorded, ...more], wanted), [drift])
    })
  }

  it('asks nothing of levels that promise nothing', () => {
    const open = mounts('/ / overlay rw', '/ /tmp tmpfs rw')
    assert.deepEqual(compareMounts(open, { readOnlyRoot: false, nothingDroppedRuns: false, volumes: [] }), [])
  })
})
