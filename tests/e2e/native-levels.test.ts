import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Problem } from '../../src/model/problem.ts'
import { appUid } from '../../src/model/sandbox.ts'
import { eventually, run, TestSandboxes } from '../contract/test-sandboxes.ts'
import { leftovers } from './leftovers.ts'

/** A layer with a few files; a text that begins with `->` is a link. */
async function layer(all: TestSandboxes, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(all.instance.home, 'layer-'))
  await run('chmod', ['0755', root])
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    if (text.startsWith('-> ')) await symlink(text.slice(3), join(root, path))
    else await writeFile(join(root, path), text, { mode: 0o755 })
  }
  return root
}

/** The mounts of this host's own. */
async function hostMounts(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
  return lines
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => !point.startsWith('/var/') && !point.startsWith('/run/'))
}

for (const level of ['process', 'user'] as const)
  describe(`the level ${level}`, { concurrency: false }, () => {
    it('refuses an image for another Python, with the reason and the fix, and leaves nothing behind', async () => {
      await using all = await TestSandboxes.create(level)
      const other = await layer(all, {
        'app/venv/pyvenv.cfg': 'version = 3.99.1\n',
        'app/venv/bin/python': '-> /usr/bin/python3.99',
      })
      await assert.rejects(all.start(['python'], { layers: [other] }), (error: Problem) => {
        assert.match(error.message, /made for Python 3\.99, and this host has no \/usr\/bin\/python3\.99.*`chroot`/)
        return true
      })
      assert.deepEqual(await all.isolator.list(), [])
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('refuses an image that works among the files of the system', async () => {
      await using all = await TestSandboxes.create(level)
      const layers = [await layer(all, { 'var/www/index.html': '' })]
      await assert.rejects(all.start(['sh'], { layers, workdir: '/var/www' }), /working directory \/var\/www/)
    })

    it('shows what the image brings at its own paths, and changes nothing of the host', async () => {
      await using all = await TestSandboxes.create(level)
      const before = await hostMounts()
      const layers = [
        all.tree,
        await layer(all, { 'app/hello': '#!/bin/sh\necho hello\n', 'entry.sh': '#!/bin/sh\n', short: '-> app' }),
      ]
      const source = join(all.instance.home, 'volumes', 'data')
      const volumes = [
        { source, target: '/var/lib/berth-test/data' },
        { source: `${source}-2`, target: '/berth-test-data' },
      ]
      const { id } = await all.start(undefined, { layers, volumes, workdir: '/app' })
      assert.equal(await all.shell(id, './hello; /short/hello; test -x /entry.sh; pwd'), 'hello\nhello\n/app')
      for (const { target } of volumes) await all.shell(id, `touch ${target}/file`)
      assert.equal((await all.exec(id, ['touch', '/app/x'])).exit.kind === 'code', true)
      assert.match(await all.shell(id, 'touch /app/x 2>&1 || :'), /Read-only|Permission denied/)
      assert.deepEqual(await hostMounts(), before)
      for (const path of ['/var/lib/berth-test', '/berth-test-data', '/entry.sh', '/short'])
        await assert.rejects(access(path), { code: 'ENOENT' })
      await access(join(source, 'file'))
    })

    it('knows its user by name', async () => {
      await using all = await TestSandboxes.create(level)
      const { id } = await all.start()
      assert.equal(await all.shell(id, 'id -un; id -gn'), 'app\napp')
    })

    it(level === 'user' ? 'signals nothing outside of itself' : 'signals what else is of its user', async () => {
      await using all = await TestSandboxes.create(level)
      const { id, spec } = await all.start()
      const uid = spec.idBase + appUid
      const other = spawn('sleep', ['1000'], { uid, gid: uid, stdio: 'ignore' })
      try {
        const { exit } = await all.exec(id, ['sh', '-c', `kill -0 ${other.pid}`])
        assert.equal(exit.kind === 'code' && exit.code === 0, level === 'process')
      } finally {
        other.kill('SIGKILL')
      }
    })
  })

describe('examine()', { concurrency: false }, () => {
  it('tells of a limit that was changed', async () => {
    await using all = await TestSandboxes.create('user')
    const { spec, pid } = await startUp(all)
    const uid = spec.idBase + appUid // whoever else does it needs CAP_SYS_RESOURCE
    await run('prlimit', ['--nofile=100', '--pid', String(pid)], { uid, gid: uid })
    assert.equal(await driftOf(all, spec, pid), 'process: RLIMIT_NOFILE is 100, and should be 4096')
  })

  it('tells of something that covers the image', async () => {
    await using all = await TestSandboxes.create('process')
    const { spec, pid } = await startUp(all)
    await run('nsenter', ['--mount', '--target', String(pid), 'sh', '-c', `mount -t tmpfs x /proc/${pid}/root/app`])
    assert.equal(await driftOf(all, spec, pid), '/app: is not what the image has there')
  })

  it('tells of a mount that was added to a chroot', async () => {
    await using all = await TestSandboxes.create('chroot')
    const { spec, pid } = await startUp(all)
    const root = `/proc/${pid}/root`
    await run('nsenter', ['--mount', '--target', String(pid), 'sh', '-c', `mount -t tmpfs x "${root}/var"`])
    assert.match(await driftOf(all, spec, pid), /^\/var: is mounted, and should not be/)
  })

  /** Until it has been let go, its first process is still the launcher's own. */
  async function startUp(all: TestSandboxes) {
    const started = await all.start(['sh', '-c', 'echo up; exec sleep 1000'])
    await eventually('it to be up', async () => (await all.log(started.spec)).includes('up') || undefined)
    return started
  }

  async function driftOf(all: TestSandboxes, spec: Parameters<typeof all.isolator.examine>[0], pid: number) {
    const topmost = await mkdtemp(join(all.instance.home, 'topmost-'))
    const { drift } = await all.isolator.examine(spec, { pid, topmost })
    return drift.map(({ path, what }) => `${path ?? 'process'}: ${what}`).join('\n')
  }
})

describe('the level chroot', { concurrency: false }, () => {
  it('mounts a volume where a link of the image leads, and that is inside of it', async () => {
    await using all = await TestSandboxes.create('chroot')
    const layers = [all.tree, await layer(all, { data: `-> ../../../../..${all.instance.home}` })]
    const source = join(all.instance.home, 'volumes', 'data')
    await assert.rejects(all.start(undefined, { layers, volumes: [{ source, target: '/data' }] }), /No such file/)
    const { id } = await all.start(undefined, {
      layers: [all.tree, await layer(all, { data: '-> ../../../../var/tmp' })],
      volumes: [{ source, target: '/data' }],
    })
    await all.shell(id, 'touch /var/tmp/inside')
    await access(join(source, 'inside'))
    await assert.rejects(access('/var/tmp/inside'), { code: 'ENOENT' })
  })

  it('says which working directory is missing', async () => {
    await using all = await TestSandboxes.create('chroot')
    await assert.rejects(
      all.start(undefined, { workdir: '/nowhere' }),
      /\/nowhere, where it should start: No such file/,
    )
    assert.deepEqual(await leftovers(all.instance), [])
  })
})
