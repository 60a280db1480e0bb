import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { GitServer } from '../adapters/git-server.ts'
import { makeNetworkNamespace, type NetworkNamespace } from './network-namespace.ts'

const run = promisify(execFile)

/** No person and no application has it. */
const gitUser = 64_997

/**
 * OpenSSH's server with git's own shell behind it, for a user `git` who is on no host: in a network namespace, because a
 * build may reach no address of this host, and with users of its own.
 */
export class SshServer implements AsyncDisposable {
  readonly folder: string
  readonly address: string
  /** What the server has said, such as that it took a key. */
  readonly log: string[] = []
  readonly #network: NetworkNamespace
  #process: ChildProcess | undefined

  private constructor(folder: string, network: NetworkNamespace) {
    this.folder = folder
    this.#network = network
    this.address = network.address
  }

  static async create(): Promise<SshServer> {
    const network = await makeNetworkNamespace('198.19')
    const folder = await mkdtemp(join(tmpdir(), 'berth-sshd-'))
    const server = new SshServer(folder, network)
    try {
      await server.#configure()
      await server.start()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  /** Makes and changes repositories in the home of `git`, who has them afterwards: git works with its own alone. */
  async edit<Result>(work: (repositories: GitServer) => Promise<Result>): Promise<Result> {
    const home = join(this.folder, 'home')
    const give = (user: number) => run('chown', ['--recursive', `${user}:${user}`, home])
    await give(process.getuid?.() ?? 0)
    const result = await work(new GitServer(home))
    await give(gitUser)
    return result
  }

  /** A new pair of keys. @returns the private one */
  async makeKey(name: string, ...options: string[]): Promise<string> {
    const path = join(this.folder, name)
    await rm(path, { force: true })
    const passphrase = options.length === 0 ? ['-N', ''] : options
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-C', name, ...passphrase, '-f', path])
    return readFile(path, 'utf8')
  }

  /** Lets in whoever has the key. */
  async allow(name: string): Promise<void> {
    await writeFile(join(this.folder, 'authorized_keys'), await readFile(join(this.folder, `${name}.pub`)))
  }

  /** The server's line in a file of known hosts. */
  async knownHosts(): Promise<string> {
    return `${this.address} ${(await readFile(join(this.folder, 'host.pub'), 'utf8')).trim()}`
  }

  async #configure(): Promise<void> {
    const at = (name: string) => join(this.folder, name)
    await chmod(this.folder, 0o755)
    await run('mkdir', [at('home')])
    await this.makeKey('host')
    await writeFile(at('authorized_keys'), '')
    const lines = [
      ...['Port 22', `HostKey ${at('host')}`, `AuthorizedKeysFile ${at('authorized_keys')}`, 'PidFile none'],
      ...['UsePAM no', 'UseDNS no', 'StrictModes no', 'PasswordAuthentication no', 'AcceptEnv GIT_PROTOCOL'],
    ]
    await writeFile(at('sshd_config'), lines.join('\n'))
    const users = await readFile('/etc/passwd', 'utf8')
    await writeFile(at('passwd'), `${users}git:x:${gitUser}:${gitUser}::${at('home')}:/usr/bin/git-shell\n`)
  }

  async start(): Promise<void> {
    const inside = [
      'mount -t tmpfs -o mode=0755 tmpfs /run',
      'mkdir /run/sshd',
      `mount --bind "$1/passwd" /etc/passwd`,
      // Since OpenSSH 9.8 whoever fails to log in has to wait, and the next test with them.
      'set -- -f "$1/sshd_config" -o PerSourcePenalties=no',
      '/usr/sbin/sshd -t "$@" 2> /dev/null || set -- "$1" "$2"',
      'exec /usr/sbin/sshd -D -e "$@"',
    ]
    const namespaces = [`--net=${this.#network.path}`, 'unshare', '--mount', '--propagation', 'private']
    const child = spawn('nsenter', [...namespaces, 'sh', '-ec', inside.join('\n'), 'sh', this.folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stderr).on('line', (line) => {
        this.log.push(line)
        if (line.includes('Server listening on 0.0.0.0')) resolve()
      })
      child.once('exit', () => reject(new Error(`sshd ended: ${this.log.join('\n')}`)))
    })
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#network[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}
