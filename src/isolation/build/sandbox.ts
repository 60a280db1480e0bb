import { join } from 'node:path'
import { startBackground, type Background } from '../../host/background.ts'
import { cgroupFacts, countsSwap } from '../../host/cgroups.ts'
import { CommandFailed, runCommand } from '../../host/command.ts'
import * as files from '../../host/files.ts'
import { pathsOf, type Instance } from '../../host/instance.ts'
import { allowedProcessors } from '../../host/processors.ts'
import { mountOverlay } from '../../host/mounts.ts'
import { buildImpossible } from '../../model/problems/install.ts'
import { buildConfig, buildLimits, type BuildMount, type BuildProcess } from './config.ts'
import { runtimeRoot, tearDown } from './debris.ts'

export interface BuildSandboxSpec {
  /** Unpacked layers below, absolute, lowest first; without any, the upper directory is the whole root. */
  readonly layers: readonly string[]
  /** What the build writes; on the same file system as `work`. */
  readonly upper: string
  readonly work: string
  readonly epoch: number
  readonly mounts: readonly BuildMount[]
  /** Default: yes. */
  readonly hasScratch?: boolean
  /** Only the tree is wanted, to be written to from outside; nothing will be run. */
  readonly isTreeOnly?: boolean
  /** The unix socket of the proxy, for builds that may fetch something. */
  readonly proxySocket?: string
}

/** How a command of a build ended. Its output is handed on line by line. */
export type BuildExit = { kind: 'done' } | { kind: 'failed'; code: number } | { kind: 'too-long' }

/** Where the proxy of a build is, seen from inside. */
export const buildProxyUrl = 'http://127.0.0.1:3128'

/**
 * The sandbox in which one layer is built: its own root of read-only layers and one upper directory, its own namespaces,
 * a network of loopback only, limits. On loopback listens a forwarder to the proxy's socket; there is no other way out.
 */
export class BuildSandbox {
  readonly id: string
  readonly #instance: Instance
  readonly #directory: string
  readonly #spec: BuildSandboxSpec
  #forwarder: Background | undefined
  #commands = 0

  private constructor(instance: Instance, id: string, spec: BuildSandboxSpec) {
    this.#instance = instance
    this.id = id
    this.#spec = spec
    this.#directory = join(pathsOf(instance).builds, id)
  }

  /**
   * Sets a sandbox up. Whoever opens it closes it.
   * @throws buildImpossible when the host refuses; nothing of it is left then.
   */
  static async open(instance: Instance, id: string, spec: BuildSandboxSpec): Promise<BuildSandbox> {
    const sandbox = new BuildSandbox(instance, id, spec)
    try {
      await sandbox.#setUp()
      return sandbox
    } catch (error) {
      await sandbox.close()
      if (!(error instanceof CommandFailed)) throw error
      throw buildImpossible({ what: error.argv[0] ?? '', reason: error.stderr.trim() }, { cause: error })
    }
  }

  /**
   * Runs one command to its end.
   * @throws AbortError when `signal` aborts it; the command has ended then.
   */
  async run(
    process: BuildProcess,
    io: { onLine: (line: string, stream: 'stdout' | 'stderr') => void; signal: AbortSignal },
  ): Promise<BuildExit> {
    this.#commands += 1
    const container = `${this.#instance.name}-build-${this.id}-${this.#commands}`
    const cgroups = await cgroupFacts()
    const config = buildConfig(process, {
      rootfs: this.root,
      networkNamespace: this.#network,
      cgroup: cgroups.controllers.size > 0 ? `/${this.#instance.name}/build-${this.id}` : undefined,
      countsSwap: await countsSwap(cgroups),
      ...(await processorsOf()),
      epoch: this.#spec.epoch,
      mounts: this.#spec.mounts,
      hasScratch: this.#spec.hasScratch ?? true,
    })
    await files.writeFile(join(this.#directory, 'config.json'), JSON.stringify(config))
    const startedAt = Date.now()
    try {
      await runCommand(['runc', '--root', runtimeRoot(this.#instance), 'run', '--bundle', this.#directory, container], {
        onLine: io.onLine,
        signal: io.signal,
        keepLast: 16 * 1024,
        timeoutSeconds: buildLimits.minutes * 60,
      })
      return { kind: 'done' }
    } catch (error) {
      io.signal.throwIfAborted()
      if (!(error instanceof CommandFailed)) throw error
      if (error.code !== undefined) return { kind: 'failed', code: error.code }
      if (Date.now() - startedAt >= buildLimits.minutes * 60_000) return { kind: 'too-long' }
      throw buildImpossible({ what: 'runc', reason: error.message }, { cause: error })
    } finally {
      // Ending `runc run` does not end what it started.
      await runCommand(['runc', '--root', runtimeRoot(this.#instance), 'delete', '--force', container], {
        allowCodes: [0, 1],
      })
    }
  }

  /** Removes every trace of the sandbox but the upper directory; harmless when done twice. */
  async close(): Promise<void> {
    await this.#forwarder?.stop()
    this.#forwarder = undefined
    await tearDown(this.#instance, this.id)
  }

  /** The whole tree as the build sees it, on the host: what is written there goes to the upper directory. */
  get root(): string {
    return this.#spec.layers.length === 0 ? this.#spec.upper : join(this.#directory, 'rootfs')
  }

  get #network(): string {
    return join(this.#directory, 'network')
  }

  async #setUp(): Promise<void> {
    await files.mkdir(join(this.#directory, 'rootfs'), { recursive: true })
    if (this.#spec.layers.length > 0) await this.#mountRoot()
    if (this.#spec.isTreeOnly !== true) await this.#makeNetwork()
  }

  async #mountRoot(): Promise<void> {
    const { layers, upper, work } = this.#spec
    // Mount options are one page, so layers are named by short links.
    const links = join(this.#directory, 'layers')
    await files.mkdir(links)
    for (const [index, layer] of layers.entries()) await files.symlink(layer, join(links, String(index)))
    const lower = [...layers.keys()].reverse().join(':')
    // Without these four a layer would mean something only above exactly the layers that it was built on.
    const selfContained = 'redirect_dir=off,metacopy=off,index=off,xino=off'
    // Who keeps the layer makes it survive a power cut, once; what dpkg and others ask of the disk meanwhile is in vain.
    // Such a working directory is for one mount.
    await files.removeTree(join(work, 'work'))
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile,${selfContained}`
    await mountOverlay({ source: `${this.#instance.name}-build`, target: this.root, options, cwd: links })
  }

  async #makeNetwork(): Promise<void> {
    await files.writeFile(this.#network, '')
    await runCommand(['unshare', `--net=${this.#network}`, 'true'])
    await runCommand(['nsenter', `--net=${this.#network}`, 'ip', 'link', 'set', 'lo', 'up'])
    const { proxySocket } = this.#spec
    if (proxySocket === undefined) return
    const listen = 'TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,backlog=128'
    const argv = ['nsenter', `--net=${this.#network}`, 'socat', listen, `UNIX-CONNECT:${proxySocket}`] as const
    this.#forwarder = await startBackground(argv)
    await this.#untilListening()
  }

  async #untilListening(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const argv = [
        'nsenter',
        `--net=${this.#network}`,
        'ss',
        '--listening',
        '--tcp',
        '--numeric',
        '--no-header',
      ] as const
      if ((await runCommand(argv)).stdout.includes('127.0.0.1:3128')) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw buildImpossible({ what: 'socat', reason: 'it does not listen' })
  }
}

/** What berth may not use, its builds may not use either; a runtime would give them all. */
async function processorsOf(): Promise<{ processors?: string }> {
  const { allowed, isAll } = await allowedProcessors()
  return isAll ? {} : { processors: allowed }
}
