import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { cgroupFacts } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { chown, readText, writeFile } from '../../host/files.ts'
import { post, type PostAnswer } from '../../host/post.ts'
import { killQuietly } from '../../host/processes.ts'
import { messageOf } from '../../model/problem.ts'
import { ownLimits } from './limits.ts'
import { yamlExploit } from './payload.ts'
import { addresses, hostInterface, places, ports, sceneRun, volumeOf } from './places.ts'
import { isRunning, servingProcess, statusField } from './processes.ts'
import type { Column, RunningApp, SceneApp } from './columns/column.ts'
import { startOwnProcess } from './scene-network.ts'
import { tokenMeanings, type TokenName, type Tokens } from './tokens.ts'

/** What the attacker is told: where things are, never what they say. */
export type PublicScene = Awaited<ReturnType<typeof ownLimits>> & ReturnType<typeof whereabouts>

interface Parts {
  readonly tokens: Tokens
  readonly column: Column
  readonly attacked: SceneApp
  readonly neighbour: SceneApp
  readonly disk: [number, number] | undefined
  readonly hostPid: number
  readonly memory: number
  readonly limits: Awaited<ReturnType<typeof ownLimits>>
  readonly namespaces: ReadonlyMap<string, string>
  /** The Python that attacks a copy from inside; undefined where the application has a hole. */
  readonly intruder?: readonly string[]
}

/** Everything around the attacked application, and what can be seen of it from outside. */
export class Scene {
  readonly #parts: Parts
  #running: { readonly attacked: RunningApp; readonly neighbour: RunningApp }
  #public: PublicScene
  #ownPid = 0

  private constructor(parts: Parts, running: Scene['running']) {
    this.#parts = parts
    this.#running = running
    this.#public = { ...whereabouts(parts, running, { ownPid: 0, linkLocal: [] }), ...parts.limits }
  }

  /** Starts both applications, and what of the host depends on who they are. */
  static async start(parts: Parts): Promise<Scene> {
    const [attacked, neighbour] = [await parts.column.start(parts.attacked), await parts.column.start(parts.neighbour)]
    const scene = new Scene(parts, { attacked, neighbour })
    if (!parts.intruder) await scene.#untilServing(attacked)
    await scene.#untilServing(neighbour)
    await post({ ...targetOf(neighbour), path: '/keep', body: `kept-${parts.tokens.neighbourMemory}`, seconds: 30 })
    await scene.#writeNeighbourData()
    await scene.#startOwn()
    return scene
  }

  get running() {
    return this.#running
  }

  get public(): PublicScene {
    return this.#public
  }

  get column(): Column {
    return this.#parts.column
  }

  readonly hostName = hostname()
  readonly hostInterface = hostInterface
  /** Of the deployer, or of the host's own files. */
  readonly hostPaths = [
    places.home,
    places.work,
    places.image,
    sceneRun,
    '/var/lib/scene-disk',
    '/layers/',
    '/docker/',
    '/containers/',
  ]

  get isHostRoot(): boolean {
    return this.#hostUid === 0
  }
  #hostUid = -1

  get hostMemoryKibibytes(): number {
    return this.#parts.memory
  }

  get attackedVolume(): string {
    return this.#running.attacked.volumeOnHost
  }

  get attackedLog(): string | undefined {
    return this.#running.attacked.log
  }

  token(name: string): string {
    return this.#parts.tokens[name as TokenName]
  }

  describeToken(name: string): string {
    return tokenMeanings[name as TokenName]
  }

  /** Such as `net:[4026531840]`: what the host's own processes are in. */
  hostNamespace(kind: 'uts' | 'net'): string | undefined {
    return this.#parts.namespaces.get(kind)
  }

  allCanaries(): string[] {
    return this.#public.canaries
  }

  async #startOwn(): Promise<void> {
    const pid = await servingProcess(this.#running.attacked.pid)
    const uid = Number((await statusField(pid, 'Uid')).split(/\s+/)[0] ?? 0)
    this.#hostUid = uid
    await runCommand(['chown', '-R', `${uid}:${uid}`, `${places.canaries}/own`])
    if (!this.#ownPid) this.#ownPid = await startOwnProcess(uid, this.#parts.tokens.ownProcess)
    const seen = { ownPid: this.#ownPid, linkLocal: await this.#linkLocal() }
    this.#public = { ...whereabouts(this.#parts, this.#running, seen), ...this.#parts.limits }
  }

  /** As the neighbour itself would have written it: its own, and for nobody else. */
  async #writeNeighbourData(): Promise<void> {
    const { pid, volumeOnHost } = this.#running.neighbour
    const path = `${volumeOnHost}/data.txt`
    const uid = Number((await statusField(await servingProcess(pid), 'Uid')).split(/\s+/)[0] ?? 0)
    await writeFile(path, `${this.#parts.tokens.neighbourVolume}\n`, { mode: 0o600 })
    await chown(path, uid, uid)
  }

  /** What was sent a signal lives until it is next given a processor. */
  async ownProcessLives({ wasSignalled }: { readonly wasSignalled: boolean }): Promise<boolean> {
    for (let look = 0; wasSignalled && look < 100; look += 1) {
      if (!(await isRunning(this.#parts.tokens.ownProcess))) return false
      await sleep(100)
    }
    return isRunning(this.#parts.tokens.ownProcess)
  }

  processWith(mark: string): Promise<boolean> {
    return isRunning(mark)
  }

  /** What the version page says; undefined when nothing answers. */
  async attackedVersion(): Promise<string | undefined> {
    const { column, attacked, intruder } = this.#parts
    if (!intruder) return versionOf(this.#running.attacked)
    return (await column.isRunning?.(attacked)) === true ? 'as released' : undefined
  }

  /** Runs an exploit: through the hole that the application has, or as somebody who has taken it over. */
  async send(exploit: readonly string[], seconds: number): Promise<PostAnswer> {
    const { column, attacked, intruder } = this.#parts
    if (intruder)
      return (
        (await column.exec?.(attacked, [...intruder, ...exploit], seconds)) ?? { kind: 'silence', reason: 'no way in' }
      )
    const body = yamlExploit(['python3', ...exploit])
    return post({ ...targetOf(this.#running.attacked), path: '/', body, seconds })
  }

  async neighbourAnswers(): Promise<boolean> {
    return (await versionOf(this.#running.neighbour)) !== undefined
  }

  async stopAttacked(): Promise<void> {
    await this.#parts.column.stop(this.#parts.attacked)
  }

  /** Starts it as it was started first; it may not come up. */
  async restartAttacked(): Promise<void> {
    await this.stopAttacked()
    await this.#startAttacked().catch(() => undefined)
  }

  async #startAttacked(): Promise<void> {
    const attacked = await this.#parts.column.start(this.#parts.attacked)
    this.#running = { ...this.#running, attacked }
    if (!this.#parts.intruder) await this.#untilServing(attacked)
  }

  /**
   * Starts it with something else in place of what it was released with; whoever wants it as it was starts it anew.
   * Gives why it did not start, or undefined.
   */
  async startOtherwise(other: Partial<SceneApp>): Promise<string | undefined> {
    const { column, attacked: own } = this.#parts
    await this.stopAttacked()
    await column.renew(own)
    try {
      const attacked = await column.start({ ...own, ...other })
      this.#running = { ...this.#running, attacked }
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  /** What it is started of, for those who add to it. */
  get released(): SceneApp {
    return this.#parts.attacked
  }

  /** Runs a command in it, as its operator would; undefined where nobody can. */
  async execInAttacked(argv: readonly string[], seconds: number): Promise<PostAnswer | undefined> {
    return this.#parts.column.exec?.(this.#parts.attacked, argv, seconds)
  }

  /** The same hole, in the neighbour. */
  async sendToNeighbour(exploit: readonly string[], seconds: number): Promise<PostAnswer> {
    const body = yamlExploit(['python3', ...exploit])
    return post({ ...targetOf(this.#running.neighbour), path: '/', body, seconds })
  }

  /** Starts the neighbour from nothing, as at its first deploy. */
  async renewNeighbour(): Promise<void> {
    const { column, neighbour: own } = this.#parts
    await column.stop(own)
    await column.renew(own)
    const neighbour = await column.start(own)
    this.#running = { ...this.#running, neighbour }
    await this.#untilServing(neighbour)
    await this.#writeNeighbourData()
    this.#public = { ...this.#public, neighbourAddress: neighbour.address }
  }

  /** Starts it as if nothing had ever been done to it. */
  async renewAttacked(): Promise<void> {
    await this.stopAttacked()
    await this.#parts.column.renew(this.#parts.attacked)
    await this.#startAttacked()
  }

  async #untilServing(app: RunningApp): Promise<void> {
    // An emulated machine takes its time to come up.
    const attempts = this.#parts.column.hasOwnKernel ? 600 : 300
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if ((await versionOf(app)) !== undefined) return
      await sleep(100)
    }
    const said = app.log === undefined ? '' : ((await readText(app.log)) ?? '').slice(-500)
    throw new Error(`the application does not answer at ${app.address}:${app.port} ${said}`)
  }

  /** Calls the neighbour until something is over, with something in the request that only it should see. */
  async callNeighbourUntil(over: Promise<unknown>): Promise<void> {
    const isOver = over.then(() => true)
    do await post({ ...targetOf(this.#running.neighbour), path: `/ping?${this.#parts.tokens.traffic}`, seconds: 2 })
    while (!(await Promise.race([isOver, sleep(200, false)])))
  }

  /** Addresses of the neighbour that need no route (RFC 4291, 2.5.6). */
  async #linkLocal(): Promise<string[]> {
    const text = (await readText(`/proc/${this.#running.neighbour.pid}/net/if_inet6`).catch(() => '')) ?? ''
    const found = [...text.matchAll(/^(fe80[0-9a-f]{28}) /gm)].map(([, address]) => address ?? '')
    return found.map((address) => (address.match(/.{4}/g) ?? []).join(':'))
  }

  async statusField(name: string): Promise<string> {
    return statusField(await servingProcess(this.#running.attacked.pid), name)
  }

  async neighbourArp(): Promise<string> {
    const { pid } = this.#running.neighbour
    const table = (await readText(`/proc/${pid}/net/arp`).catch(() => '')) ?? ''
    // The neighbour is there for other attacks, too.
    await runCommand(['nsenter', `--net=/proc/${pid}/ns/net`, 'ip', 'neigh', 'flush', 'all'], { allowCodes: [0, 1, 2] })
    return table
  }

  /** Whether one of its control groups, below the host's own, has a quota of processor time. */
  async hasProcessorQuota(): Promise<boolean> {
    const pid = await servingProcess(this.#running.attacked.pid)
    const text = await readText(`/proc/${pid}/cgroup`)
    if (text === undefined) throw new Error('the application ended')
    const groups = text.split('\n').map((line) => line.split(':'))
    const facts = await cgroupFacts()
    const isTwo = facts.version === 2
    const root = isTwo ? facts.root : (facts.roots.get('cpu') ?? '/nonexistent')
    const path = groups.find(([number, names]) => (isTwo ? number === '0' : names?.split(',').includes('cpu')))?.[2]
    for (let at = path ?? '/'; at !== '/' && at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const quota = await readText(`${root}${at}/${isTwo ? 'cpu.max' : 'cpu.cfs_quota_us'}`)
      if (quota !== undefined && !/^(max|-1)/.test(quota)) return true
    }
    return false
  }

  /** A segment of shared memory that was left in the host's own list; it is removed. */
  async findSegment(): Promise<string | undefined> {
    const lines = ((await readText('/proc/sysvipc/shm')) ?? '').split('\n').map((line) => line.trim().split(/\s+/))
    const found = lines.find(([key]) => Number(key) === this.#public.leftKey)
    if (found?.[1] === undefined) return undefined
    await runCommand(['ipcrm', '-m', found[1]], { allowCodes: [0, 1] })
    return `${Math.round(Number(found[3]) / 1024 ** 2)} MiB are left behind`
  }

  /** Ends what the scene started for itself, so that the next scene has its own. */
  end(): void {
    if (this.#ownPid) killQuietly(this.#ownPid, 'SIGKILL')
  }
}

function targetOf({ address, port }: RunningApp) {
  return { address, port, host: 'attacked.localhost' }
}

async function versionOf(app: RunningApp): Promise<string | undefined> {
  const answer = await post({ ...targetOf(app), path: '/ping', seconds: 15 })
  return answer.kind === 'answer' && answer.status === 200 ? answer.body : undefined
}

/** What is known only once both run. */
interface Seen {
  readonly ownPid: number
  readonly linkLocal: readonly string[]
}

function whereabouts(
  { disk, hostPid, neighbour: { port } }: Parts,
  { attacked, neighbour }: Scene['running'],
  { ownPid, linkLocal }: Seen,
) {
  const { metadata, lan, internet, host } = addresses
  const isLevel = neighbour.spec !== undefined
  const neighbourPorts = [...new Set([neighbour.port, port])]
  return {
    canaries: ['open', 'root', 'own'].map((name) => `${places.canaries}/${name}/file`),
    rootFile: places.rootFile,
    hostFile: places.hostFile,
    ...{ hostPid, ownPid, disk: disk ?? [7, 4095] },
    ...{ volume: attacked.volume, code: attacked.code, packages: [`${attacked.code.replace(/\/[^/]*$/, '')}/venv`] },
    neighbourVolume: isLevel ? volumeOf('neighbour') : neighbour.volumeOnHost,
    neighbourCode: `${places.neighbourLayer}/app/neighbour-code.txt`,
    ...{ neighbourAddress: neighbour.address, neighbourPorts, neighbourLinkLocal: linkLocal },
    ...{ gateway: attacked.gateway, hostAddress: host, metadata, lan, internet },
    ...{ loopbackPort: ports.loopback, anyPort: ports.any, sinkPort: ports.sink },
    berthFolders: [`${places.home}/logs`, `${places.home}/volumes`, sceneRun],
    berthFiles: [`${places.home}/state.db`, `${places.home}/logs/neighbour/neighbour-1.log`],
    runFolders: [sceneRun, '/run/runc', '/run/docker', '/run/containers', '/run/secrets'],
    setuidWitness: places.witness,
    daemon: 'berth-audit-daemon',
    forgedLine: '2001-01-01T00:00:00.000000000+00:00 stdout F all is well',
  }
}
