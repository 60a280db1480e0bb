import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeNetworkNamespace, type NetworkNamespace } from './network-namespace.ts'
import { repository } from './test-berth.ts'

/**
 * A server of files and repositories in a network namespace of its own: a build may reach neither loopback nor any address
 * of this host.
 */
export class DownloadServer implements AsyncDisposable {
  readonly folder: string
  readonly origin: string
  /** What was asked of it, such as `GET /notes.txt`. */
  readonly asked: string[] = []
  readonly #network: NetworkNamespace
  #process: ChildProcess | undefined

  private constructor(folder: string, network: NetworkNamespace) {
    this.folder = folder
    this.#network = network
    this.origin = `http://${network.address}`
  }

  /** Serves what is in its folder. */
  static async create(): Promise<DownloadServer> {
    const network = await makeNetworkNamespace('198.18')
    const folder = await mkdtemp(join(tmpdir(), 'berth-downloads-'))
    const server = new DownloadServer(folder, network)
    try {
      await server.#start()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  async #start(): Promise<void> {
    const program = [process.execPath, join(repository, 'tests/e2e/serve-downloads.ts'), this.folder]
    const child = spawn('nsenter', [`--net=${this.#network.path}`, ...program], {
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
    await this.#network[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}
