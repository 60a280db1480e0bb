import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort, repository, type Ran } from './test-berth.ts'

const run = promisify(execFile)

/** A user of the host who may do nothing special, for one test. Disposing ends all that runs as them, and removes them. */
export class OrdinaryUser implements AsyncDisposable {
  readonly name: string
  readonly home: string
  readonly httpPort: number
  readonly #httpsPort: number
  readonly #memory: string

  private constructor(name: string, ports: readonly [number, number]) {
    this.name = name
    this.home = join('/var/tmp', name)
    ;[this.httpPort, this.#httpsPort] = ports
    this.#memory = join('/dev/shm', name)
  }

  static async create(): Promise<OrdinaryUser> {
    const name = `berth-user-${randomBytes(3).toString('hex')}`
    const user = new OrdinaryUser(name, [await freePort(), await freePort()])
    await run('useradd', ['--create-home', '--home-dir', user.home, '--shell', '/bin/sh', name])
    await mkdir(user.#memory, { mode: 0o700 })
    await run('chown', [name, user.#memory])
    return user
  }

  /** Runs berth as this user. */
  async berth(...args: string[]): Promise<Ran> {
    const child = spawn('unshare', ['--mount', 'sh', '-ec', asUser, 'sh', this.name, repository, this.home, ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.home,
        XDG_RUNTIME_DIR: this.#memory,
        BERTH_HTTP_PORT: String(this.httpPort),
        BERTH_HTTPS_PORT: String(this.#httpsPort),
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const outputs = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outputs.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outputs.stderr += text))
    // Not `close`: the daemon that a command starts keeps what it has inherited.
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (exit) => resolve(exit ?? -1))
    })
    await sleep(50)
    return { code, ...outputs }
  }

  /** The ids of the user, and those that were given to them for their namespaces. */
  async #ids(): Promise<(id: number) => boolean> {
    const uid = Number((await run('id', ['--user', this.name])).stdout)
    const entry = new RegExp(`^${this.name}:(\\d+):(\\d+)$`, 'm').exec(await readFile('/etc/subuid', 'utf8'))
    const [first, count] = [Number(entry?.[1] ?? 0), Number(entry?.[2] ?? 0)]
    return (id) => id === uid || (id >= first && id < first + count)
  }

  async processes(): Promise<{ pid: number; uid: number; command: string }[]> {
    const isOurs = await this.#ids()
    const all = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map(async (pid) => {
          const [status, command] = await Promise.all(
            ['status', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
          )
          const uid = Number(/^Uid:\s+(\d+)/m.exec(status ?? '')?.[1] ?? -1)
          return { pid: Number(pid), uid, command: (command ?? '').replaceAll('\0', ' ').trim() }
        }),
    )
    return all.filter(({ uid }) => isOurs(uid))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const left = await this.processes()
      if (left.length === 0) break
      for (const { pid } of left) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It has just ended.
        }
      }
      await sleep(50)
    }
    await run('userdel', [this.name]).catch(() => undefined)
    for (const folder of [this.home, this.#memory]) await rm(folder, { recursive: true, force: true })
  }

  /** A copy of a folder of the repository that is this user's. */
  async folder(path: string): Promise<string> {
    const copy = join(this.home, path.replaceAll('/', '-'))
    await run('cp', ['--recursive', join(repository, path), copy])
    await run('chown', ['--recursive', this.name, copy])
    await chmod(copy, 0o755)
    return copy
  }
}

/**
 * A clone of root's cannot be read by others wherever it lies, and some machines keep /dev/net/tun, which is open to all on
 * Debian, to root: both are set right in a mount namespace of the command's own.
 */
const asUser = `
  user=$1 repository=$2 home=$3
  shift 3
  mount -t tmpfs -o mode=755 tmpfs /opt
  mkdir /opt/berth
  mount --bind "$repository" /opt/berth
  mknod -m 666 /opt/tun c 10 200
  mount --bind /opt/tun /dev/net/tun
  cd "$home"
  exec setpriv --reuid="$user" --regid="$user" --init-groups /opt/berth/berth "$@"
`
