import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { levelFacts, type LevelName } from '../../src/model/levels.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { appUid } from '../../src/model/sandbox.ts'
import { Secret } from '../../src/model/secret.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { writableDirectories } from './programs.ts'
import { run, TestSandboxes } from './test-sandboxes.ts'

/** What a sandbox sees of files, and what it may write. */
export function filesOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)
  const promises = levelPromises[level]

  describe('files', () => {
    /** A sandbox with a volume. */
    async function withVolume(all: TestSandboxes) {
      const volume = await all.volume('/srv/deep/data')
      return { volume, ...(await all.start(undefined, { volumes: [volume] })) }
    }

    it("of a volume are the application's own, and stay", async () => {
      await using all = await sandboxes()
      const { id, spec, volume } = await withVolume(all)
      assert.equal(await all.shell(id, 'echo kept > /srv/deep/data/file && cat /srv/deep/data/file'), 'kept')
      await all.isolator.stop(id, 5)
      await all.openVolume(volume, async (directory) => {
        const { uid, gid } = await stat(join(directory, 'file'))
        assert.deepEqual([uid, gid], [spec.idBase + appUid, spec.idBase + appUid])
        assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'kept\n')
      })
    })

    it('of the system cannot be written', async () => {
      const { all, id } = await idleSandbox(level)
      for (const directory of ['/', '/etc', '/usr/bin', '/sys', '/proc/sys/kernel', '/dev']) {
        const { exit } = await all.exec(id, ['touch', `${directory}/x`])
        assert.ok(exit.kind === 'code' && exit.code !== 0, directory)
      }
    })

    it(promises.ownRoot ? "of the system are the image's" : "of the system are the host's", async () => {
      const { all, id } = await idleSandbox(level)
      const { dev, ino } = await stat('/usr/bin/env')
      assert.equal(
        (await all.shell(id, python('s = os.stat("/usr/bin/env"); print(f"{s.st_dev}:{s.st_ino}")'))) ===
          `${dev}:${ino}`,
        !promises.ownRoot,
      )
    })

    it(promises.hidesFiles ? 'of others cannot be read' : 'of others can be read by whoever may', async () => {
      const { all, id } = await idleSandbox(level)
      const mark = join(all.instance.home, 'mark')
      await writeFile(mark, 'of the host', { mode: 0o644 })
      assert.equal((await all.exec(id, ['cat', mark])).stdout, promises.hidesFiles ? '' : 'of the host')
    })

    it(
      promises.readOnlyRoot ? 'can be written in volumes and in memory only' : 'can be written where anybody can',
      async () => {
        await using all = await sandboxes()
        const { id } = await withVolume(all)
        const writable = (await all.shell(id, `(${writableDirectories}) | sort -u`)).split('\n')
        if (promises.readOnlyRoot) assert.deepEqual(writable, ['/dev/shm', '/run', '/srv/deep/data', '/tmp'])
        else for (const path of ['/srv/deep/data', '/tmp']) assert.ok(writable.includes(path), writable.join())
      },
    )

    it(
      promises.nothingDroppedRuns ? 'that are dropped there run nowhere' : 'that are dropped in a volume run',
      async () => {
        await using all = await sandboxes()
        const { id } = await withVolume(all)
        const drop = `for d in /tmp /run /dev/shm /srv/deep/data; do cp /bin/true $d/t$$ && $d/t$$ && echo $d; rm -f $d/t$$; done 2>/dev/null; :`
        const ran = (await all.shell(id, drop)).split('\n').filter(Boolean)
        if (promises.nothingDroppedRuns) assert.deepEqual(ran, [])
        else assert.ok(ran.includes('/srv/deep/data'), ran.join())
      },
    )

    const isHeld = !levelFacts[level].cannotGive.includes('tmp')
    it(isHeld ? 'in /tmp end at the limit' : 'in /tmp have no limit of their own', async () => {
      const { all, id } = await idleSandbox(level)
      const fill = 'dd if=/dev/zero of=/tmp/big$$ bs=1M count=40; rm /tmp/big$$'
      const { stderr } = await all.exec(id, ['sh', '-c', fill])
      assert.equal(/No space left/.test(stderr), isHeld, stderr)
    })

    it('of an image whose /dev and /etc are links out of it lead nowhere', async () => {
      await using all = await sandboxes()
      const evil = join(all.instance.home, 'evil')
      await mkdir(evil)
      for (const name of ['dev', 'etc', 'tmp']) await run('ln', ['-s', all.instance.home, join(evil, name)])
      const { id } = await all.start(undefined, { layers: [all.tree, evil] })
      if (promises.plainDirectories) {
        const kinds =
          'print(*{stat.S_IFMT(os.lstat(path).st_mode) == stat.S_IFDIR for path in ("/dev", "/etc", "/tmp")})'
        assert.equal(await all.shell(id, python(kinds)), 'True')
      }
      assert.deepEqual(
        (await readdir(all.instance.home)).filter((name) => name === 'null' || name === 'hosts'),
        [],
      )
    })

    it('with secrets are in memory and for root alone; no command line has them', async () => {
      await using all = await sandboxes()
      const value = `canary-${Math.random().toString(36).slice(2)}`
      const { id } = await all.start(undefined, { env: { TOKEN: new Secret(value) } })
      assert.equal(await all.shell(id, 'echo $TOKEN'), value)
      assert.equal((await run('findmnt', ['-no', 'FSTYPE', all.instance.run])).stdout.trim(), 'tmpfs')
      const holders = (
        await run('grep', ['-rlsI', value, all.instance.home, all.instance.run, '--exclude-dir=rootfs']).catch(() => ({
          stdout: '',
        }))
      ).stdout
      for (const file of holders.trim().split('\n').filter(Boolean)) {
        assert.ok(file.startsWith(`${all.instance.run}/`), file)
        const modes = await Promise.all([file, dirname(file)].map(async (path) => (await stat(path)).mode & 0o077))
        assert.ok(modes.includes(0), file)
      }
      for (const process of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
        assert.ok(!(await readFile(`/proc/${process}/cmdline`, 'utf8').catch(() => '')).includes(value))
    })
  })
}

/** Debian 12's stat(1) asks more of a kernel than gVisor of the same Debian knows. */
function python(script: string): string {
  return `python3 -c 'import os, stat; ${script}'`
}
