import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { comparePosture, type PostureFacts, type ThreadFacts, type WantedPosture } from './posture.ts'

const first = 2_000_000_000

/** As the kernel of a test machine said it of a thread of Flask's, at the level container. */
const recorded: Record<string, string> = {
  ...{ Uid: '2000010001\t2000010001\t2000010001\t2000010001', Gid: '2000010001\t2000010001\t2000010001\t2000010001' },
  ...{ Groups: '', NoNewPrivs: '1', Seccomp: '2' },
  ...{ CapInh: '0000000000000000', CapPrm: '0000000000000000', CapEff: '0000000000000000' },
  ...{ CapBnd: '0000000000000000', CapAmb: '0000000000000000' },
}

const host = new Map([
  ['net', 'net:[4026531840]'],
  ['user', 'user:[4026531837]'],
])

const wanted: WantedPosture = {
  ids: { first, count: 65_536 },
  capabilities: 0n,
  isFiltered: () => true,
  ownNamespaces: ['net', 'user'],
  hostNamespaces: host,
  limits: { memoryBytes: 268_435_456, pids: 128, cpus: 0.5 },
}

function thread(over: Partial<ThreadFacts> & { status?: ReadonlyMap<string, string> } = {}): ThreadFacts {
  return {
    ...{
      pid: 7,
      tid: 8,
      command: 'python webapp.py',
      idMap: [0, first, 65_536],
      status: new Map(Object.entries(recorded)),
    },
    namespaces: new Map([
      ['net', 'net:[4026532401]'],
      ['user', 'user:[4026532399]'],
    ]),
    descriptors: new Map([
      ['0', '/dev/null'],
      ['3', 'socket:[12345]'],
    ]),
    ...over,
  }
}

function facts(threads: readonly ThreadFacts[], group: Partial<PostureFacts['group']> = {}): PostureFacts {
  return { threads, mounts: [], group: { memoryBytes: 268_435_456, pids: 128, cpus: 0.5, ...group } }
}

const status = (over: Record<string, string>) => new Map(Object.entries({ ...recorded, ...over }))

describe('comparePosture()', () => {
  it('has nothing to say of what is as it was asked for', () => {
    assert.deepEqual(comparePosture(facts([thread(), thread({ tid: 9 })]), wanted), { drift: [], unreported: [] })
  })

  const cases: { it: string; threads: ThreadFacts[]; group?: Partial<PostureFacts['group']>; drift: RegExp }[] = [
    { it: 'nobody to look at', threads: [], drift: /no thread/ },
    {
      it: 'one thread of many with a capability',
      threads: [thread(), thread({ tid: 9, status: status({ CapEff: '0000000000200000' }) })],
      drift: /CapEff is 0+200000, and should be empty/,
    },
    { it: 'new privileges', threads: [thread({ status: status({ NoNewPrivs: '0' }) })], drift: /NoNewPrivs is 0/ },
    { it: 'no filter', threads: [thread({ status: status({ Seccomp: '0' }) })], drift: /Seccomp is 0/ },
    { it: "the host's root", threads: [thread({ status: status({ Uid: '0\t0\t0\t0' }) })], drift: /Uid has 0/ },
    { it: 'a foreign group', threads: [thread({ status: status({ Groups: '27' }) })], drift: /Groups has 27/ },
    {
      it: "the host's network",
      threads: [thread({ namespaces: new Map([...host]) })],
      drift: /its net namespace is the host's/,
    },
    {
      it: 'a map to root',
      threads: [thread({ idMap: [0, 0, 4_294_967_295] })],
      drift: /user 0 inside is 0 of the host/,
    },
    {
      it: 'a descriptor of the runtime',
      threads: [thread({ descriptors: new Map([['7', '(unreachable)/sys/fs/cgroup']]) })],
      drift: /descriptor 7 leads out of its root, to \/sys\/fs\/cgroup/,
    },
    { it: 'no limit', threads: [thread()], group: { pids: Infinity }, drift: /pids is Infinity, and should be 128/ },
    { it: 'another quota', threads: [thread()], group: { cpus: 2 }, drift: /cpus is 2, and should be 0.5/ },
  ]
  for (const { it: name, threads, group, drift } of cases) {
    it(`finds ${name}`, () => {
      const found = comparePosture(facts(threads, group), wanted).drift
      assert.ok(found.length > 0 && found.some((line) => drift.test(line)), JSON.stringify(found))
    })
  }

  it('says what the kernel does not report, and takes it for nothing', () => {
    const without = new Map(Object.entries(recorded).filter(([name]) => name !== 'Seccomp'))
    const compared = comparePosture(facts([thread({ status: without, idMap: [] })], { cpus: undefined }), wanted)
    assert.deepEqual(compared, { drift: [], unreported: ['Seccomp', 'limit of cpus', 'uid_map'] })
  })

  it('asks nothing of levels that promise nothing but their user', () => {
    const bare = thread({
      status: status({ Seccomp: '0', CapBnd: '1' }),
      namespaces: new Map([...host]),
      idMap: [0, 0],
    })
    const { ids, limits, hostNamespaces } = wanted
    const modest = { ids, limits, hostNamespaces, ownNamespaces: [] }
    assert.deepEqual(comparePosture(facts([bare]), modest).drift, [])
  })

  it('lets a kernel of its own have what that needs, and no more', () => {
    const kernel: WantedPosture = { ...wanted, capabilities: 0x80000n, isFiltered: (command) => command !== 'helper' }
    const traces = thread({ status: status({ CapEff: '0000000000080000' }) })
    const helper = thread({ command: 'helper', status: status({ Seccomp: '0' }) })
    assert.deepEqual(comparePosture(facts([traces, helper]), kernel).drift, [])
    const more = thread({ status: status({ CapEff: '0000000000280000', Seccomp: '0' }) })
    assert.deepEqual(comparePosture(facts([more]), kernel).drift, [
      'python webapp.py: CapEff is 0000000000280000, and should be within 0000000000080000',
      'python webapp.py: Seccomp is 0, and should be 2',
    ])
  })
})
