import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { appUid } from '../../src/model/sandbox.ts'
import { Secret } from '../../src/model/secret.ts'
import type { IsolatorUnderTest } from './isolator.ts'
import { connectFrom, eventually, givesUserNamespaces, run, TestSandboxes } from './test-sandboxes.ts'

const webServer = ['python3', '-m', 'http.server', '8000']

/** What a sandbox may not do, see or reach. */
export function wallsOfSandboxes(subject: IsolatorUnderTest): void {
  const sandboxes = () => TestSandboxes.create(subject)

  describe('the process', () => {
    it('has, thread by thread and seen from the host, no capability, no new privileges, a filter, its own ids', async () => {
      await using all = await sandboxes()
      const hasUserNamespaces = await givesUserNamespaces()
      const { pid, spec } = await all.start(['python3', '-c', threads])
      await eventually('its threads', async () => ((await all.log(spec))[0] === 'ready' ? true : undefined))
      for (const process of await familyOf(pid)) {
        for (const thread of await readdir(`/proc/${process}/task`)) {
          const status = await readFile(`/proc/${process}/task/${thread}/status`, 'utf8')
          for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
            assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
          assert.match(status, /^NoNewPrivs:\s+1$/m)
          assert.match(status, /^Seccomp:\s+2$/m)
          assert.match(status, new RegExp(`^Uid:(\\s+${spec.idBase + appUid}){4}$`, 'm'))
        }
        const map = await readFile(`/proc/${process}/uid_map`, 'utf8')
        if (hasUserNamespaces) assert.deepEqual(map.trim().split(/\s+/).map(Number), [0, spec.idBase, 65_536])
        for (const namespace of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts', ...(hasUserNamespaces ? ['user'] : [])])
          assert.notEqual(
            await readlink(`/proc/${process}/ns/${namespace}`),
            await readlink(`/proc/self/ns/${namespace}`),
          )
      }
    })

    it('gives the same walls to what is run inside it', async () => {
      await using all = await sandboxes()
      const { id, spec } = await all.start()
      const uid = (await givesUserNamespaces()) ? appUid : spec.idBase + appUid
      assert.equal(await all.shell(id, 'id -u; id -g; id -G'), `${uid}\n${uid}\n${uid}`)
      const status = await all.shell(id, 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status')
      assert.equal(status.match(/^Cap\w+:\s+0{16}$/gm)?.length, 5)
      assert.match(status, /^NoNewPrivs:\s+1$/m)
      assert.match(status, /^Seccomp:\s+2$/m)
    })

    it('sees its own processes only, and leaves no zombies', async () => {
      await using all = await sandboxes()
      const { id } = await all.start(['sh', '-c', 'for i in 1 2 3 4 5; do (sleep 0.1 &); done; exec sleep 1000'])
      await eventually('its orphans to be gone', async () =>
        (await all.shell(id, 'ps -eo comm= | grep -c sleep')) === '1' ? true : undefined,
      )
      const processes = (await all.shell(id, 'ps -eo stat=,comm=')).split('\n')
      assert.deepEqual(
        processes.map((line) => line.trim().split(/\s+/)[1]),
        ['init', 'sleep', 'sh', 'ps'],
      )
      assert.ok(!processes.some((line) => line.startsWith('Z')))
    })

    for (const refused of ['mount -t tmpfs x /tmp', 'mknod /tmp/disk b 254 0', 'unshare -U true', 'chroot / true'])
      it(`may not: ${refused}`, async () => {
        await using all = await sandboxes()
        const { id } = await all.start()
        const { exit } = await all.exec(id, ['sh', '-c', refused])
        assert.ok(exit.kind === 'code' && exit.code !== 0, JSON.stringify(exit))
      })

    it('may open sockets of the usual families only', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const { stdout } = await all.exec(id, ['python3', '-c', families])
      assert.equal(
        stdout.trim(),
        '1:ok 2:ok 10:ok 16:ok 17:EAFNOSUPPORT 38:EAFNOSUPPORT 40:EAFNOSUPPORT netlink9:EAFNOSUPPORT',
      )
    })
  })

  describe('files', () => {
    it('are read-only but for volumes and memory, and nothing dropped there can be executed', async () => {
      await using all = await sandboxes()
      const source = join(all.instance.home, 'volumes', 'data')
      await mkdir(source, { recursive: true })
      const { id, spec } = await all.start(undefined, { volumes: [{ source, target: '/srv/deep/data' }] })
      assert.equal(await all.shell(id, 'echo kept > /srv/deep/data/file && cat /srv/deep/data/file'), 'kept')
      const { uid, gid } = await stat(join(source, 'file'))
      assert.deepEqual([uid, gid], [spec.idBase + appUid, spec.idBase + appUid])
      for (const directory of ['/', '/etc', '/usr/bin', '/var/tmp', '/sys', '/proc/sys/kernel', '/dev'])
        assert.equal((await all.exec(id, ['touch', `${directory}/x`])).exit.kind === 'code', true)
      assert.equal(await all.shell(id, `(${writableDirectories}) | sort -u`), '/dev/shm\n/run\n/srv/deep/data\n/tmp')
      const drop =
        'for d in /tmp /run /dev/shm /srv/deep/data; do cp /bin/true $d/t; $d/t 2>/dev/null && echo $d; done; :'
      assert.equal(await all.shell(id, drop), '')
    })

    it('in /tmp end at the limit', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const { stderr } = await all.exec(id, ['dd', 'if=/dev/zero', 'of=/tmp/big', 'bs=1M', 'count=40'])
      assert.match(stderr, /No space left/)
    })

    it('of an image whose /dev and /etc are links out of it lead nowhere', async () => {
      await using all = await sandboxes()
      const evil = join(all.instance.home, 'evil')
      await mkdir(evil)
      for (const name of ['dev', 'etc', 'tmp']) await run('ln', ['-s', all.instance.home, join(evil, name)])
      const { id } = await all.start(undefined, { layers: [all.tree, evil] })
      assert.equal(await all.shell(id, 'stat -c %F /dev /etc /tmp | sort -u'), 'directory')
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
        assert.equal((await stat(file)).mode & 0o077, 0, file)
      }
      for (const process of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
        assert.ok(!(await readFile(`/proc/${process}/cmdline`, 'utf8').catch(() => '')).includes(value))
    })
  })

  describe('limits', () => {
    it('can be read inside, as programs look for them', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const read = (first: string, second: string) =>
        `cat /sys/fs/cgroup/${first} 2>/dev/null || cat /sys/fs/cgroup/${second}`
      assert.equal(await all.shell(id, read('memory/memory.limit_in_bytes', 'memory.max')), String(128 * 1024 ** 2))
      assert.equal(await all.shell(id, read('pids/pids.max', 'pids.max')), '64')
      assert.match(await all.shell(id, read('cpu/cpu.cfs_quota_us', 'cpu.max')), /^50000/)
      assert.equal(await all.shell(id, 'node -p "process.constrainedMemory()"'), String(128 * 1024 ** 2))
    })

    it('stop a fork bomb', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const { stdout } = await all.exec(id, ['python3', '-c', forks])
      assert.ok(Number(stdout) > 10 && Number(stdout) < 64, stdout)
    })

    it('on inotify instances keep one sandbox from taking those of all', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const { stdout } = await all.exec(id, ['python3', '-c', inotify])
      assert.equal(stdout.trim(), '16')
    })
  })

  describe('the network', () => {
    it('leads from the host to the application, by port 80 and by its own', async () => {
      await using all = await sandboxes()
      const { spec } = await all.start(webServer)
      for (const port of [8000, 80])
        await eventually(`port ${port}`, () =>
          run('curl', ['-sf', '-m', '2', `http://${spec.link?.sandboxAddress}:${port}/`]).then(
            () => true,
            () => undefined,
          ),
        )
    })

    it('lets an application listen on port 80 without being root', async () => {
      await using all = await sandboxes()
      const { spec } = await all.start(['python3', '-m', 'http.server', '80'], { port: 80 })
      await eventually('port 80', () =>
        run('curl', ['-sf', '-m', '2', `http://${spec.link?.sandboxAddress}/`]).then(
          () => true,
          () => undefined,
        ),
      )
    })

    it('leads from a sandbox neither to the host, nor to another sandbox, nor anywhere else', async () => {
      await using all = await sandboxes()
      const other = await all.start(webServer)
      const { id, spec } = await all.start()
      const server = createServer((socket) => socket.end('token'))
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      try {
        const targets: [string, number][] = [
          [spec.link?.hostAddress ?? '', port],
          [other.spec.link?.hostAddress ?? '', port],
          ['127.0.0.1', port],
          [other.spec.link?.sandboxAddress ?? '', 8000],
          ['169.254.169.254', 80],
          ['10.99.0.5', 80],
          ['1.1.1.1', 53],
        ]
        for (const [host, number] of targets) {
          const { stdout } = await all.exec(id, connectFrom(host, number))
          assert.match(stdout.trim(), /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)$/, `${host}:${number} ${stdout}`)
        }
      } finally {
        server.close()
      }
    })

    it('has no IPv6 neighbours, and knows its own name without asking anybody', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      assert.equal(await all.shell(id, 'cat /proc/net/if_inet6'), '')
      assert.equal(await all.shell(id, `getent hosts ${id} | wc -l; getent hosts localhost | wc -l`), '1\n1')
    })
  })

  describe('programs of today', () => {
    const programs = [
      { it: 'CPython', argv: ['python3', '-c', cpython] },
      { it: 'Node', argv: ['node', '-e', node] },
      { it: 'gunicorn', argv: ['sh', '-c', gunicorn] },
    ]
    for (const program of programs)
      it(`run under the filter: ${program.it}`, async () => {
        await using all = await sandboxes()
        const ran = await all.runOnce(all.spec(program.argv))
        assert.equal(ran.stdout.trim().split('\n').at(-1), 'ok', ran.stderr)
      })
  })
}

async function familyOf(pid: number): Promise<string[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean)
  return [String(pid), ...(await Promise.all(children.map((child) => familyOf(Number(child))))).flat()]
}

const threads = `import threading, time
for _ in range(3): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print('ready', flush=True); time.sleep(1000)`

const families = `import socket, errno
def attempt(*args):
  try: socket.socket(*args).close(); return 'ok'
  except OSError as e: return errno.errorcode[e.errno]
print(*[f'{f}:' + attempt(f, socket.SOCK_DGRAM) for f in (1, 2, 10, 16, 17, 38, 40)], 'netlink9:' + attempt(16, 3, 9))`

const writableDirectories = `find / -xdev -type d -writable 2>/dev/null; for d in /tmp /run /dev /dev/shm /srv/deep/data /sys; do [ -w $d ] && echo $d; done`

const forks = `import os, time
n = 0
try:
  while n < 500:
    if os.fork() == 0: time.sleep(3); os._exit(0)
    n += 1
except OSError: pass
print(n)`

const inotify = `import ctypes
libc = ctypes.CDLL(None); n = 0
while n < 1000 and libc.inotify_init() >= 0: n += 1
print(n)`

const cpython = `import asyncio, multiprocessing, sqlite3, ssl, subprocess, threading
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
lock = multiprocessing.Lock(); lock.acquire(); lock.release()
sqlite3.connect('/tmp/x.db').execute('create table t (x)')
asyncio.run(asyncio.sleep(0)); ssl.create_default_context()
print(subprocess.check_output(['echo', 'ok']).decode())`

const node = `const { Worker } = require('node:worker_threads')
require('node:fs').watch('/tmp').close()
require('node:crypto').randomBytes(8)
require('node:child_process').execFileSync('true')
new Worker('process.exit(0)', { eval: true }).once('exit', () => console.log('ok'))`

const gunicorn = `cat > /tmp/app.py <<'END'
def app(environ, start): start('200 OK', []); return [b'ok']
END
cd /tmp && gunicorn -w 2 -b 127.0.0.1:8000 app:app 2>/dev/null &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.3
  python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8000").read().decode())' 2>/dev/null && break; done`
