import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeLayout, type MadeImage } from './made-image.ts'
import { eventually } from './test-berth.ts'

const run = promisify(execFile)

/** A real registry on loopback, without TLS, and with a name and password when it has them. */
export class TestRegistry implements AsyncDisposable {
  /** Such as `127.0.0.1:40123`. */
  readonly host: string
  /** HOME of whoever may use it: its registries.conf(5) allows the registry to be without TLS. */
  readonly home: string
  readonly #folder: string
  readonly #password: string | undefined
  #process: ChildProcess | undefined

  private constructor(host: string, folder: string, password: string | undefined) {
    this.host = host
    this.#folder = folder
    this.#password = password
    this.home = join(folder, 'home')
  }

  static async create(password?: string): Promise<TestRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'))
    const registry = new TestRegistry(`127.0.0.1:${await freePort()}`, folder, password)
    const settings = join(registry.home, '.config/containers')
    await mkdir(settings, { recursive: true })
    await writeFile(join(settings, 'registries.conf'), `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`)
    await registry.start()
    return registry
  }

  /** Below it lies what the registry serves. */
  get data(): string {
    return join(this.#folder, 'data')
  }

  async start(): Promise<void> {
    const configuration = join(this.#folder, 'config.json')
    const auth = this.#password === undefined ? {} : { auth: await this.#authentication(this.#password) }
    // JSON is YAML.
    await writeFile(
      configuration,
      JSON.stringify({
        version: '0.1',
        log: { level: 'error' },
        storage: { filesystem: { rootdirectory: this.data } },
        http: { addr: this.host },
        ...auth,
      }),
    )
    this.#process = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' })
    await eventually('the registry answers', () => this.#answers())
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  /**
   * Pushes an image; a name that is there already moves to it.
   * @param kind `v2s2` has Docker's own documents instead of OCI's.
   * @returns the reference
   */
  async push(name: string, image: MadeImage, kind: 'oci' | 'v2s2' = 'oci'): Promise<string> {
    const layout = await mkdtemp(join(this.#folder, 'layout-'))
    await writeLayout(layout, image)
    const reference = `${this.host}/${name}`
    const credentials = this.#password === undefined ? [] : ['--dest-creds', `user:${this.#password}`]
    const how = kind === 'oci' ? ['--all', '--preserve-digests'] : ['--format', kind]
    const argv = ['copy', ...how, '--dest-tls-verify=false', ...credentials]
    await run('skopeo', ['--insecure-policy', ...argv, `oci:${layout}:made`, `docker://${reference}`])
    return reference
  }

  /** Writes down the password as `skopeo login` does, for whose HOME is `home`. */
  async logIn(): Promise<void> {
    const auth = Buffer.from(`user:${this.#password ?? ''}`).toString('base64')
    const text = JSON.stringify({ auths: { [this.host]: { auth } } })
    await writeFile(join(this.home, '.config/containers/auth.json'), text, { mode: 0o600 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #authentication(password: string): Promise<object> {
    const path = join(this.#folder, 'htpasswd')
    const { stdout } = await run('perl', ['-e', 'print crypt($ARGV[0], q($2b$05$) . "a" x 22)', password])
    assert.match(stdout, /^\$2b\$/)
    await writeFile(path, `user:${stdout}\n`)
    return { htpasswd: { realm: 'test', path } }
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const asking = request(`http://${this.host}/v2/`, { agent: false }, (response) => {
        response.resume()
        resolve(true)
      })
      asking.once('error', () => resolve(false))
      asking.end()
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
