import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { hostFacts } from '../../src/isolation/sandbox/facts.ts'
import { levels } from '../../src/isolation/levels/index.ts'
import type { LevelName } from '../../src/model/levels.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { appUid, type SandboxSpec } from '../../src/model/sandbox.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { families, orphans, threads } from './programs.ts'
import { eventually, givesUserNamespaces, TestSandboxes } from './test-sandboxes.ts'

/** What a sandbox's processes are, and what they may do. */
export function processOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)
  const promises = levelPromises[level]

  describe('the process', () => {
    if (promises.seenFromHost)
      it('has the walls of its level, thread by thread and seen from the host', async () => {
        await using all = await sandboxes()
        const { pid, spec } = await all.start(['python3', '-c', threads])
        await eventually('its threads', async () => ((await all.log(spec))[0] === 'ready' ? true : undefined))
        for (const process of await familyOf(pid)) {
          for (const thread of await readdir(`/proc/${process}/task`))
            assertWalls(level, await readFile(`/proc/${process}/task/${thread}/status`, 'utf8'), spec)
          await assertNamespaces(level, process, spec)
        }
      })

    it('gives the same walls to what is run inside it', async () => {
      const { all, id, spec } = await idleSandbox(level)
      const uid = await levels[level].uidInside(spec, await hostFacts())
      assert.equal(await all.shell(id, 'id -u; id -g; id -G'), `${uid}\n${uid}\n${uid}`)
      assertCapabilities(level, await all.shell(id, 'cat /proc/self/status'))
    })

    it(promises.hidesProcesses ? 'sees its own processes only' : "sees the host's processes", async () => {
      const { all, id } = await idleSandbox(level)
      using other = sleeper()
      const seen = await all.shell(id, 'ps -eo args=')
      assert.equal(/^sleep 1000$/m.test(seen), promises.insideSeesAll)
      assert.equal(seen.includes(other.argument), !promises.hidesProcesses)
      const numbers = (await all.shell(id, 'ps -eo pid=')).split('\n').map(Number)
      if (promises.ownProcesses) assert.ok(numbers.length < 7 && numbers.includes(1), numbers.join())
    })

    it('leaves no zombies', async () => {
      await using all = await sandboxes()
      const { spec } = await all.start(['sh', '-c', orphans])
      await eventually('its orphans to be gone', async () => (await all.log(spec)).at(-1) === 'gone' || undefined)
      const own = await all.log(spec)
      assert.ok(own.some((line) => / ps$/.test(line)) && !own.some((line) => /^ *\d+ +Z/.test(line)), own.join('\n'))
    })

    it(promises.ownHostName ? 'has its own host name' : "has the host's host name", async () => {
      const { all, id } = await idleSandbox(level)
      assert.equal(await all.shell(id, 'uname -n'), promises.ownHostName ? id : hostname())
    })

    for (const refused of ['mount -t tmpfs x /tmp', 'chroot / true'])
      it(`may not: ${refused}`, async () => {
        const { all, id } = await idleSandbox(level)
        const { exit } = await all.exec(id, ['sh', '-c', refused])
        assert.ok(exit.kind === 'code' && exit.code !== 0, JSON.stringify(exit))
      })

    const makes = promises.makesNothingOfKernels ? 'may not' : 'may, of its own kernel'
    for (const made of ['mknod /tmp/disk b 254 0', 'unshare -U true'])
      it(`${makes}: ${made}`, async () => {
        const { all, id } = await idleSandbox(level)
        const { exit } = await all.exec(id, ['sh', '-c', made])
        assert.equal(exit.kind === 'code' && exit.code !== 0, promises.makesNothingOfKernels, JSON.stringify(exit))
      })

    const { fewSocketFamilies } = promises
    it(`may open sockets of ${fewSocketFamilies ? 'the usual families only' : 'whatever families there are'}`, async () => {
      const { all, id } = await idleSandbox(level)
      const [usual, ...others] = (await all.exec(id, ['python3', '-c', families])).stdout.trim().split(' 17:')
      assert.equal(usual, '1:ok 2:ok 10:ok 16:ok')
      // Not every filter can answer what a kernel without that family would.
      const one = '(EAFNOSUPPORT|EPROTONOSUPPORT|EPERM)'
      const refused = new RegExp(`^${one} 38:${one} 40:${one} netlink9:${one}$`)
      assert.equal(others.length === 1 && refused.test(others[0] ?? ''), fewSocketFamilies, others.join())
    })
  })
}

/** What `/proc/PID/status` says of every thread. */
function assertWalls(level: LevelName, status: string, { idBase }: SandboxSpec): void {
  assertCapabilities(level, status)
  assert.match(status, new RegExp(`^Uid:(\\s+${idBase + appUid}){4}$`, 'm'))
  assert.match(status, new RegExp(`^Gid:(\\s+${idBase + appUid}){4}$`, 'm'))
}

function assertCapabilities(level: LevelName, status: string): void {
  const { noNewPrivileges, seccomp, emptyBoundingSet, knowsItsWalls } = levelPromises[level]
  assert.equal(/^CapAmb:/m.test(status) && /^NoNewPrivs:/m.test(status), knowsItsWalls, status)
  for (const set of ['CapInh', 'CapPrm', 'CapEff', ...(knowsItsWalls ? ['CapAmb'] : [])])
    assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
  assert.equal(/^CapBnd:\s+0+$/m.test(status), emptyBoundingSet, status)
  if (knowsItsWalls) assert.match(status, noNewPrivileges ? /^NoNewPrivs:\s+1$/m : /^NoNewPrivs:\s+0$/m)
  assert.match(status, seccomp ? /^Seccomp:\s+2$/m : /^Seccomp:\s+0$/m)
}

async function assertNamespaces(level: LevelName, process: string, { idBase }: SandboxSpec): Promise<void> {
  const { ownCgroups, ownIpc, ownProcesses, ownHostName, userNamespace } = levelPromises[level]
  const hasUserNamespace = userNamespace && (await givesUserNamespaces())
  const isOwn = { mnt: true, net: true, cgroup: ownCgroups, ipc: ownIpc, pid: ownProcesses, uts: ownHostName }
  for (const [namespace, expected] of Object.entries({ ...isOwn, user: hasUserNamespace })) {
    const [its, ours] = await Promise.all([process, 'self'].map((who) => readlink(`/proc/${who}/ns/${namespace}`)))
    assert.equal(its !== ours, expected, namespace)
  }
  if (!hasUserNamespace) return
  const map = await readFile(`/proc/${process}/uid_map`, 'utf8')
  assert.deepEqual(map.trim().split(/\s+/).map(Number), [0, idBase, 65_536])
}

async function familyOf(pid: number): Promise<string[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean)
  return [String(pid), ...(await Promise.all(children.map((child) => familyOf(Number(child))))).flat()]
}

/** A process of the host's, with a command line of its own. */
function sleeper(): { argument: string } & Disposable {
  const argument = String(100_000 + Math.floor(Math.random() * 900_000))
  const child: ChildProcess = spawn('sleep', [argument], { stdio: 'ignore' })
  return { argument, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}
