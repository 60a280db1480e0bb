import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from '../host/files.ts'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { instanceFrom } from '../host/instance.ts'
import { Problem } from '../model/problem.ts'
import type { Release } from '../model/release.ts'
import { Secret } from '../model/secret.ts'
import { State } from './state.ts'

async function withHome(work: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'berth-state-'))
  try {
    await work(home)
  } finally {
    await rm(home, { recursive: true })
  }
}

async function withState(work: (state: State, home: string) => Promise<void>): Promise<void> {
  await withHome(async (home) => {
    const state = await State.open(instanceFrom({ BERTH_HOME: home }))
    try {
      await work(state, home)
    } finally {
      state.close()
    }
  })
}

function release(number: number): Release {
  return {
    app: 'shop',
    number,
    image: `sha256:${'0'.repeat(64)}`,
    layers: [],
    source: { description: 'a folder', treeDigest: `sha256:${'1'.repeat(64)}` },
    lock: `sha256:${'2'.repeat(64)}`,
    settings: {},
    secretVersions: {},
    declared: {},
    explicit: [],
    run: {
      argv: ['true'],
      workdir: '/app',
      env: {},
      port: 80,
      health: { path: '/', timeoutSeconds: 1 },
      stopGraceSeconds: 1,
      drainSeconds: 1,
      domains: [],
      level: 'container',
      syscalls: [],
      limits: { memoryBytes: 1, cpus: 1, pids: 8, tmpBytes: 1, ioBytesPerSecond: 1 },
      egress: [],
      links: [],
      bandwidth: 1e9,
      volumes: [],
      initialise: { commands: [], timeoutSeconds: 1 },
    },
    createdAt: '2026-01-01T00:00:00Z',
  }
}

describe('state', () => {
  it('lets nobody else read what it writes, not even in its write-ahead log', () =>
    withState(async (state, home) => {
      state.setFact('a', 'b')
      const files = (await readdir(home)).filter((name) => name.startsWith('state.db'))
      assert.ok(files.includes('state.db-wal'))
      for (const name of files) assert.equal((await stat(join(home, name))).mode & 0o777, 0o600, name)
    }))

  it('keeps a second daemon out', () =>
    withState(async (_, home) => {
      await assert.rejects(
        State.open(instanceFrom({ BERTH_HOME: home })),
        (error) => error instanceof Problem && error.code === 'daemon-runs-already',
      )
    }))

  it('refuses a database of a newer berth', () =>
    withHome(async (home) => {
      const state = await State.open(instanceFrom({ BERTH_HOME: home }))
      state.close()
      const { DatabaseSync } = await import('node:sqlite')
      const connection = new DatabaseSync(join(home, 'state.db'))
      connection.exec('PRAGMA user_version = 999')
      connection.close()
      await assert.rejects(
        State.open(instanceFrom({ BERTH_HOME: home })),
        (error) => error instanceof Problem && error.code === 'state-from-newer-berth',
      )
    }))

  it('says that a database is damaged, and leaves it as it is', async () => {
    for (const damaged of ['not a database at all, but longer than its header\n'.repeat(100), 'torn']) {
      await withHome(async (home) => {
        const file = join(home, 'state.db')
        const state = await State.open(instanceFrom({ BERTH_HOME: home }))
        state.apps.ensure('shop')
        state.close()
        const whole = await readFile(file)
        const bytes = damaged === 'torn' ? whole.fill(0xa5, 4096) : damaged
        await writeFile(file, bytes)
        await assert.rejects(
          State.open(instanceFrom({ BERTH_HOME: home })),
          (error) => error instanceof Problem && error.code === 'state-damaged',
        )
        assert.deepEqual(await readFile(file), Buffer.from(bytes))
      })
    }
  })

  it('gives a destroyed application its old id back, and nothing else', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      const version = await state.settings.seal(app, 'KEY', new Secret('old'))
      state.settings.replace(app, [{ kind: 'secret', name: 'KEY', version }])
      state.releases.add(app, release(1))
      state.apps.destroy(app.id)
      assert.equal(state.apps.find('shop'), undefined)
      const again = state.apps.ensure('shop')
      assert.equal(again.id, app.id)
      assert.deepEqual(state.settings.list(again), [])
      assert.deepEqual(state.releases.list(again), [])
    }))

  it('names the known applications when one is unknown', () =>
    withState(async (state) => {
      state.apps.setCurrentRelease(state.apps.ensure('shop').id, 1)
      assert.throws(
        () => state.apps.get('shpo'),
        (error) => error instanceof Problem && error.text.fix.includes('shop'),
      )
      await Promise.resolve()
    }))

  it('hands out each sandbox number once and no address pair again soon', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      assert.deepEqual(
        [1, 2, 3],
        [1, 2, 3].map(() => state.apps.takeSandboxNumber(app.id)),
      )
      assert.equal(state.sandboxes.add(app, { id: 'shop-1', release: 1 }).link, 0)
      assert.equal(state.sandboxes.add(app, { id: 'shop-2', release: 1 }).link, 1)
      state.sandboxes.remove('shop-1')
      assert.equal(state.sandboxes.add(app, { id: 'shop-3', release: 1 }).link, 2)
      await Promise.resolve()
    }))

  it('promotes one sandbox and retires the one before it', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      for (const id of ['shop-1', 'shop-2']) {
        state.sandboxes.add(app, { id, release: 1 })
        state.sandboxes.retire(app, new Date(0))
        state.sandboxes.promote(id)
      }
      assert.deepEqual(
        state.sandboxes.ofApp(app).map(({ id, role }) => [id, role]),
        [
          ['shop-1', 'draining'],
          ['shop-2', 'serving'],
        ],
      )
      await Promise.resolve()
    }))

  it('marks unfinished deployments as interrupted and lists what has served, latest first', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      for (const number of [1, 2, 1]) {
        const deployment = state.deployments.begin(app, 'deploy')
        state.deployments.leadsTo(deployment, number)
        state.deployments.succeeded(deployment)
      }
      state.deployments.begin(app, 'deploy')
      assert.equal(state.deployments.interruptRunning().length, 1)
      assert.equal(state.deployments.latest(app)?.state, 'interrupted')
      assert.deepEqual(state.deployments.served(app), [1, 2])
      await Promise.resolve()
    }))
})

describe('settings', () => {
  it('seals secrets: the value is nowhere in the home', () =>
    withState(async (state, home) => {
      const app = state.apps.ensure('shop')
      await state.settings.seal(app, 'KEY', new Secret('correct horse battery staple'))
      for (const file of ['state.db', 'state.db-wal', 'keys/identity.txt']) {
        const bytes = await readFile(join(home, file))
        assert.equal(bytes.includes('battery staple'), false, file)
      }
      const opened = await state.settings.openSecret(app, { name: 'KEY', version: 1 })
      assert.equal(opened.reveal(), 'correct horse battery staple')
    }))

  it('makes no new version of a secret that stays the same', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      const versions: number[] = []
      for (const value of ['a', 'a', 'b']) versions.push(await state.settings.seal(app, 'KEY', new Secret(value)))
      assert.deepEqual(versions, [1, 1, 2])
    }))

  it('says which identity does not open a secret', () =>
    withState(async (state, home) => {
      const app = state.apps.ensure('shop')
      await state.settings.seal(app, 'KEY', new Secret('a'))
      await writeFile(join(home, 'keys', 'identity.txt'), 'rubbish\n')
      await assert.rejects(
        state.settings.openSecret(app, { name: 'KEY', version: 1 }),
        (error) => error instanceof Problem && error.code === 'sealed-secret-unreadable',
      )
    }))

  it('replaces all that is set at once', () =>
    withState(async (state) => {
      const app = state.apps.ensure('shop')
      state.settings.replace(app, [{ kind: 'plain', name: 'A', value: '1' }])
      const settings = [
        { kind: 'plain', name: 'B', value: '' },
        { kind: 'secret', name: 'KEY', version: 1 },
      ] as const
      state.settings.replace(app, settings)
      assert.deepEqual(state.settings.list(app), settings)
      await Promise.resolve()
    }))
})
