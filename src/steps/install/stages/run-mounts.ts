import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import * as files from '../../../host/files.ts'
import { startKeylessAgent, type KeylessAgent } from '../../../host/keyless-agent.ts'
import type { BuildMount } from '../../../isolation/build/config.ts'
import { secretMissing } from '../../../model/problems/dockerfile-build.ts'
import { sshKeyMissing } from '../../../model/problems/git-ssh.ts'
import { sshKeySetting } from '../../../model/ssh-settings.ts'
import type { Origin, RunMount, SecretMount, SshMount } from '../dockerfile/action.ts'
import type { LayerWork } from '../layer-work.ts'
import { resolveInRoot } from './root-path.ts'

/** What mounts of a `RUN` may take their content from. */
export interface MountSources {
  readonly app: string
  /** The directory of an origin as one tree; only read. */
  readonly directoryOf: (origin: Origin) => Promise<string>
  /** A secret's value. */
  readonly secret: (id: string) => Promise<string | undefined>
  /** With a lock, nothing is fetched with a key, so none has to be there. */
  readonly needsKeys: boolean
}

export interface PreparedMounts {
  readonly mounts: readonly BuildMount[]
  /** Secrets that go into the environment. */
  readonly environment: Readonly<Record<string, string>>
  /** What the image's own variables may say otherwise. */
  readonly defaults: Readonly<Record<string, string>>
  close(): Promise<void>
}

/**
 * Gets ready what a command sees beside the image. Caches are empty each time: what one build leaves there would decide
 * what the next one makes, and with a lock downloads come out of the store anyhow.
 * @throws secretMissing, sshKeyMissing
 */
export async function prepareMounts(
  work: LayerWork,
  wanted: readonly RunMount[],
  sources: MountSources,
): Promise<PreparedMounts> {
  const mounts: BuildMount[] = []
  const environment: Record<string, string> = {}
  const agents: (KeylessAgent & { readonly target: string })[] = []
  // Secrets are in memory alone.
  const memory = join(work.directory, 'secrets')
  let hasMemory = false
  const close = async () => {
    for (const agent of agents) await agent[Symbol.asyncDispose]()
    if (hasMemory) await runCommand(['umount', '--lazy', memory])
  }
  try {
    for (const [index, mount] of wanted.entries()) {
      if (mount.kind === 'secret') {
        const value = await secretOf(mount, sources)
        if (value === undefined) continue
        if (mount.env !== undefined) environment[mount.env] = value
        if (mount.target === '') continue
        if (!hasMemory) {
          await files.mkdir(memory)
          await runCommand(['mount', '-t', 'tmpfs', '-o', 'mode=0755,size=16m,nosuid,nodev,noexec', 'berth', memory])
          hasMemory = true
        }
        mounts.push(await secretFile(join(memory, String(index)), mount, value))
      } else if (mount.kind === 'ssh') {
        await requireKey(mount, sources)
        const target = mount.target || `/run/buildkit/ssh_agent.${agents.length}`
        const agent = await startKeylessAgent(mount)
        agents.push({ ...agent, target })
        mounts.push({ kind: 'bind', source: agent.socketPath, target })
      } else mounts.push(await ordinaryMount(join(work.directory, `mount-${index}`), mount, sources))
    }
    const [agent] = agents
    const defaults = agent ? { SSH_AUTH_SOCK: agent.target } : {}
    return { mounts, environment, defaults, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * A command gets an agent without keys, the same on every host and with every lock: berth logs in on its behalf, so that no
 * key signs anything that a build thinks of. What is wanted of the operator is wanted all the same.
 * @throws sshKeyMissing
 */
async function requireKey({ id, required }: SshMount, { secret, needsKeys }: MountSources): Promise<void> {
  if (!required || !needsKeys) return
  const setting = sshKeySetting(id)
  if (!(await secret(setting))) throw sshKeyMissing({ what: 'run a command that needs ssh', setting })
}

async function secretOf({ id, required }: SecretMount, { secret, app }: MountSources): Promise<string | undefined> {
  const value = await secret(id)
  if (value === undefined && required) throw secretMissing({ id, app })
  return value
}

async function secretFile(source: string, { target, uid, gid, mode }: SecretMount, value: string): Promise<BuildMount> {
  await files.writeFile(source, value, { mode: 0o600 })
  await files.lchown(source, uid, gid)
  await files.chmod(source, mode)
  return { kind: 'bind', source, target }
}

async function ordinaryMount(
  directory: string,
  mount: Exclude<RunMount, SecretMount | SshMount>,
  sources: MountSources,
): Promise<BuildMount> {
  const { target } = mount
  switch (mount.kind) {
    case 'tmpfs':
      return { kind: 'tmpfs', target, ...(mount.size === 0 ? {} : { bytes: mount.size }) }
    case 'bind': {
      const source = resolveInRoot(await sources.directoryOf(mount.from), mount.source)
      if (!mount.writable) return { kind: 'bind', source, target }
      await copyAll(source, directory)
      return { kind: 'bind', source: directory, target, isWritable: true }
    }
    case 'cache': {
      if (mount.from.kind === 'scratch') await files.mkdir(directory)
      else await copyAll(resolveInRoot(await sources.directoryOf(mount.from), mount.source), directory)
      await files.lchown(directory, mount.uid, mount.gid)
      await files.chmod(directory, mount.mode)
      return { kind: 'bind', source: directory, target, isWritable: mount.writable }
    }
  }
}

async function copyAll(source: string, target: string): Promise<void> {
  await runCommand(['cp', '--archive', source, target])
}
