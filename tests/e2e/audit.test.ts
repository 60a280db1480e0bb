import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AppStatus } from '../../src/model/api.ts'
import type { AuditReport } from '../../src/model/audit.ts'
import { leaksOf, shownVerdict } from '../../src/model/audit-matrix.ts'
import { pythonApp } from './apps.ts'
import { eventually, repository, TestBerth } from './test-berth.ts'

/** What a process of root's can do on any Linux: were one of these blocked, the battery would find nothing anywhere. */
const everywhere = [
  'T01',
  'T02',
  'T03',
  'T04',
  'T05',
  'H01',
  'H02',
  'H05',
  'H18',
  'C04',
  'C05',
  'C08',
  'N01',
  'N02',
  'N08',
]
const moreEverywhere = [
  'R01',
  'R02',
  'R03',
  'R06',
  'R10',
  'R12',
  'I01',
  'I03',
  'I04',
  'I09',
  'I10',
  'P04',
  'P07',
  'H25',
]
const escapes = ['E01', 'E03', 'E04', 'E08', 'E10']
/** Whoever starts applications without care is caught by each of these. */
const traps = ['D01', 'D02', 'D03', 'D04', 'D05', 'D06', 'D07', 'D08']

/** It may have ended meanwhile. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ended
  }
}

describe('berth audit', { timeout: 1_800_000 }, () => {
  let berth: TestBerth
  let report: AuditReport
  let page: string
  let keysBefore: string
  before(async () => {
    berth = await TestBerth.create()
    keysBefore = await readFile('/proc/keys', 'utf8')
    page = join(await berth.folder({}), 'audit.html')
    const { code, last } = await berth.events('audit', '--level', 'container', '--html', page)
    assert.equal(code, 0)
    assert.ok(last.kind === 'audited', JSON.stringify(last))
    report = last.report
  })
  after(() => berth[Symbol.asyncDispose]())

  it('plays more than a hundred attacks that work on this host', () => {
    assert.ok(report.attacks.length >= 100, String(report.attacks.length))
    const live = report.attacks.filter((attack) => shownVerdict(report, attack, 'none') === 'leaked')
    assert.ok(live.length >= 90, String(live.length))
  })

  it('can find what leaks: without any level, what has to leak does', () => {
    for (const id of [...everywhere, ...moreEverywhere, ...escapes, ...traps]) {
      assert.equal(report.cells[id]?.['none']?.verdict, 'leaked', `${id}: ${JSON.stringify(report.cells[id])}`)
    }
  })

  it('finds that nothing at the level container reaches host or neighbour', () => {
    const leaks = leaksOf(report, 'container').filter(({ attack }) => !attack.isMinor)
    assert.deepEqual(
      leaks.map(({ attack: { id }, evidence }) => `${id}: ${evidence}`),
      [],
    )
  })

  it('has a verdict for every attack', () => {
    for (const { id } of report.attacks) {
      for (const column of ['none', 'container']) {
        const cell = report.cells[id]?.[column]
        assert.ok(cell && cell.verdict !== 'unclear', `${id} at ${column}: ${JSON.stringify(cell)}`)
      }
    }
  })

  it('names what is known of the runtime', () => {
    assert.match(report.runtime, /^runc \d/)
    assert.ok(report.advisories.some(({ cve }) => cve === 'CVE-2024-21626'))
  })

  it('finds every thread of the sandbox to be what was asked for', () => {
    const posture = report.posture.find(({ column }) => column === 'container')
    assert.ok(posture && posture.threads > 0, JSON.stringify(report.posture))
    assert.deepEqual(posture.drift, [])
  })

  it('writes a page that asks nobody for anything', async () => {
    const html = await readFile(page, 'utf8')
    assert.ok(html.includes('berth audit') && html.includes('H01'))
    assert.doesNotMatch(html, /(src|href)=|@import|url\(/)
  })

  it('leaves the host as it was', async () => {
    await eventually('nothing is left', isNothingLeft, 60).catch(requireNothingLeft)
    for (const path of ['/etc/cron.d/berth-audit-dropped', '/srv/canaries', '/run/berth-scene']) {
      await assert.rejects(access(path), path)
    }
  })

  async function requireNothingLeft(): Promise<void> {
    assert.deepEqual(await readdir(join(berth.home, 'tmp')), [])
    assert.deepEqual(await readdir(join(berth.instance.run, 'audits')).catch((): string[] => []), [])
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
      .split('\n')
      .filter((line) => line.includes('audit-'))
    const { home, run, name } = berth.instance
    // Other berths of this host may be auditing.
    const own = [`${home}/`, `${run}/`, `/${name}/`]
    assert.deepEqual(
      mounts.filter((line) => own.some((folder) => line.includes(folder))),
      [],
    )
    const groups = (await berth.leftovers()).filter((line) => line.includes('audit-'))
    assert.deepEqual(groups, [])
    assert.deepEqual(await processesOfAudits(), [])
    // Keys are the only thing of an audit that the kernel keeps for a while: none without an end may be among them.
    const keys = (await readFile('/proc/keys', 'utf8')).split('\n').filter((line) => line.includes(' tok-'))
    assert.deepEqual(
      keys.filter((line) => / perm /.test(line) && !keysBefore.includes(line)),
      [],
    )
  }

  /** Those in an outer container's control group. */
  async function processesOfAudits(): Promise<string[]> {
    const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
    const found = await Promise.all(
      pids.map(async (pid) => {
        const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
        return groups.includes(`/${berth.instance.name}/audit-`) ? [pid] : []
      }),
    )
    return found.flat()
  }

  describe('is cleaned up after by the next daemon, when it is killed', () => {
    const few = ['T01', 'R01', 'R06', 'I04', 'D06'].flatMap((id) => ['--attack', id])
    const isAttack = (column: string) => (line: string) =>
      line.includes('"kind":"attack"') && line.includes(`"column":"${column}"`)
    const isFolder = async (folder: string) =>
      (await readdir(folder).catch((): string[] => [])).some((name) => name.startsWith('audit-'))
    const moments: { it: string; comes: (printed: () => readonly string[]) => Promise<boolean> }[] = [
      { it: 'before there is an outer container', comes: () => isFolder(join(berth.home, 'tmp')) },
      { it: 'when there is one', comes: () => isFolder(join(berth.instance.run, 'audits')) },
      { it: 'while the control is attacked', comes: (printed) => Promise.resolve(printed().some(isAttack('none'))) },
      { it: 'while a level is attacked', comes: (printed) => Promise.resolve(printed().some(isAttack('container'))) },
    ]
    for (const { it: moment, comes } of moments) {
      it(moment, async () => {
        const { printed, ended } = startAudit(['--level', 'container', ...few])
        await eventually(moment, () => comes(printed), 300)
        await berth.killDaemon()
        await ended
        await berth.ok('ps')
        // What was about to become an outer container ends by itself, as nobody gives it orders.
        await eventually('nothing is left', isNothingLeft, 60)
        await requireNothingLeft()
      })
    }
  })

  it('says so when the container that stands for the host is killed, and leaves nothing', async () => {
    const auditing = berth.problem('audit', '--level', 'container', '--attack', 'R04')
    await eventually('it is attacked', async () => (await processesOfAudits()).length > 3, 120)
    for (const pid of await processesOfAudits()) killQuietly(Number(pid))
    const problem = await auditing
    assert.notEqual(problem.exitCode, 0)
    await eventually('nothing is left', isNothingLeft, 60)
    await requireNothingLeft()
  })

  function startAudit(args: readonly string[]): { printed: () => readonly string[]; ended: Promise<unknown> } {
    const auditing = spawn(join(repository, 'berth'), ['audit', ...args, '--json'], {
      env: berth.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let text = ''
    auditing.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    return { printed: () => text.split('\n'), ended: new Promise((resolve) => auditing.once('exit', resolve)) }
  }

  async function isNothingLeft(): Promise<boolean> {
    return requireNothingLeft().then(
      () => true,
      () => false,
    )
  }

  it('refuses levels and attacks that there are not', async () => {
    assert.equal((await berth.problem('audit', '--level', 'fortress')).code, 'unknown-audit-level')
    assert.equal((await berth.problem('audit', '--attack', 'H99')).code, 'unknown-attack')
  })

  describe('of an application', () => {
    const name = 'audited'
    const source = pythonApp({ name })
    const withIsolation = (lines: string) => ({
      ...source,
      'berth.toml': `${source['berth.toml']}\n[isolation]\n${lines}\n`,
    })

    it('attacks a copy of its release, and keeps what came of it', async () => {
      await berth.ok('deploy', await berth.folder(source))
      const { code, last } = await berth.events('audit', name)
      assert.equal(code, 0)
      assert.ok(last.kind === 'audited', JSON.stringify(last))
      assert.equal(last.report.app, name)
      assert.equal((await berth.get(name)).status, 200)
      const { audited } = await berth.json<AppStatus>('status', name)
      assert.equal(audited?.level, 'container')
      assert.ok(audited.live >= 50, JSON.stringify(audited))
      assert.deepEqual(
        audited.leaks.filter(({ isMinor }) => !isMinor),
        [],
      )
      assert.deepEqual(audited.unclear, [])
      assert.match((await berth.ok('status', name)).stdout, /audited +.* nothing leaks/)
    })

    it('lets a release that withstands have its traffic, where that is asked for', async () => {
      await berth.ok('deploy', await berth.folder(withIsolation('audit = "clean"')))
      const { release, audited } = await berth.json<AppStatus>('status', name)
      assert.equal(release, 'v2')
      assert.ok(audited)
    })

    it('refuses one that does not before it gets any, and the earlier one serves on', async () => {
      const problem = await berth.problem(
        'deploy',
        await berth.folder(withIsolation('audit = "clean"\nlevel = "user"')),
      )
      assert.equal(problem.code, 'release-leaks')
      assert.ok(
        problem.lines?.some((line) => line.startsWith('T02 ')),
        JSON.stringify(problem),
      )
      assert.equal((await berth.json<AppStatus>('status', name)).release, 'v2')
      assert.equal((await berth.get(name)).status, 200)
    })
  })
})
