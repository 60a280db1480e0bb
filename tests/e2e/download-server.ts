import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { repository } from './test-berth.ts'

const run = promisify(execFile)

/**
 * A server of files and repositories in a network namespace of its own: a build may reach neither loopback nor any address
 * of this host.
 */
export class DownloadServer implements AsyncDisposable {
  readonly folder: string
  readonly origin: string
  /** What was asked of it, such as `GET /notes.txt`. */
  readonly asked: string[] = []
  readonly #namespace: string
  #process: ChildProcess | undefined

  private constructor(folder: string, namespace: string, address: string) {
    this.folder = folder
    this.#namespace = namespace
    this.origin = `http://${address}`
  }

  /** Serves what is in its folder. */
  static async create(): Promise<DownloadServer> {
    const name = `berth-t${randomBytes(3).toString('hex')}`
    // Meant for tests of networks (RFC 2544), so that no host has it.
    const network = `198.18.${randomInt(256)}.${randomInt(64) * 4}`
    const [own, peer] = [1, 2].map((number) => network.replace(/\d+$/, (last) => String(Number(last) + number)))
    const folder = await mkdtemp(join(tmpdir(), 'berth-downloads-'))
    const server = new DownloadServer(folder, name, peer ?? '')
    try {
      await run('ip', ['netns', 'add', name])
      await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
      await run('ip', ['address', 'add', `${own ?? ''}/30`, 'dev', name])
      await run('ip', ['link', 'set', name, 'up'])
      await run('ip', ['-netns', name, 'address', 'add', `${peer ?? ''}/30`, 'dev', 'eth0'])
      for (const link of ['lo', 'eth0']) await run('ip', ['-netns', name, 'link', 'set', link, 'up'])
      await server.#start()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  async #start(): Promise<void> {
    const program = [process.execPath, join(repository, 'tests/e2e/serve-downloads.ts'), this.folder]
    const child = spawn('nsenter', [`--net=/run/netns/${this.#namespace}`, ...program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    const lines = createInterface(child.stdout)
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => {
        resolve()
      })
      child.once('exit', (code) => {
        reject(new Error(`the server of downloads ended with ${code ?? 'a signal'}`))
      })
    })
    lines.on('line', (line) => this.asked.push(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process
    if (child?.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    // Its end of the pair takes the other one along.
    await run('ip', ['netns', 'delete', this.#namespace]).catch(() => undefined)
    await rm(this.folder, { recursive: true, force: true })
  }
}
