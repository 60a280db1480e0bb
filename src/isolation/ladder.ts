import { dirname } from 'node:path'
import { mkdir, rm } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { ensureRunDirectory } from '../host/mounts.ts'
import { execInChroot, sandboxNotStarted } from '../model/problems/isolation.ts'
import type { SandboxSpec } from '../model/sandbox.ts'
import { execInContainer, runContainer } from './sandbox/command.ts'
import { examineContainer } from './levels/container/examine.ts'
import { type HostFacts, hostFacts } from './sandbox/facts.ts'
import { findContainers } from './sandbox/find.ts'
import { layoutOf } from './sandbox/layout.ts'
import { missingForContainers, weaknessesOfContainers } from './sandbox/missing.ts'
import { claim } from './sandbox/record.ts'
import { reasonOf, specFacts, startContainer } from './sandbox/start.ts'
import { endGracefully, removeContainer } from './sandbox/stop.ts'
import { watchContainers } from './sandbox/watch.ts'
import type { Isolator } from './isolator.ts'

/** The `container` level: runc, each sandbox under a conmon of its own, so that it survives berth. */
export function containerIsolator(instance: Instance): Isolator {
  let known: Promise<HostFacts> | undefined
  const facts = () => (known ??= hostFacts())
  /** Sandboxes that are being stopped, so that their end is not reported as a crash, and nobody stops them twice. */
  const stopping = new Map<string, Promise<void>>()

  /** Does the work on a sandbox that nobody else may take for debris meanwhile, and removes it when that fails. */
  async function owning<Result>(spec: SandboxSpec, work: (facts: HostFacts) => Promise<Result>): Promise<Result> {
    const layout = layoutOf(instance, spec.id)
    await ensureRunDirectory(instance)
    await mkdir(dirname(layout.bundle), { recursive: true, mode: 0o755 })
    await mkdir(layout.bundle, { mode: 0o755 }) // fails, with nothing to remove, when there is such a sandbox already
    await claim(layout)
    try {
      return await work(await facts())
    } catch (error) {
      await removeContainer(instance, spec.id, await facts())
      throw error
    } finally {
      await rm(layout.owner, { force: true })
    }
  }

  async function stop(id: string, graceSeconds: number): Promise<void> {
    await endGracefully(layoutOf(instance, id), graceSeconds)
    await removeContainer(instance, id, await facts())
  }

  return {
    name: 'container',
    missing: async () => missingForContainers(await facts()),
    weaknesses: async () => weaknessesOfContainers(await facts()),
    start: async (spec) => {
      const work = (host: HostFacts) => startContainer(instance, spec, host)
      const { init } = await owning(spec, work).catch((cause: unknown) => {
        throw sandboxNotStarted({ id: spec.id, reason: reasonOf(cause) }, { cause })
      })
      return { pid: init.pid }
    },
    run: (spec, io, signal) =>
      owning(spec, async (host) => {
        const exit = await runContainer(instance, spec, { facts: host, io, signal })
        await removeContainer(instance, spec.id, host)
        return exit
      }),
    exec: async (id, argv, io, signal) => {
      if ((await facts()).isChroot) throw execInChroot({ id })
      return execInContainer(layoutOf(instance, id), id, { argv, io, signal })
    },
    stop: (id, graceSeconds) => {
      const underWay = stopping.get(id)
      if (underWay) return underWay
      const work = stop(id, graceSeconds).finally(() => stopping.delete(id))
      stopping.set(id, work)
      return work
    },
    list: async () => findContainers(instance, await facts()),
    examine: async (spec, running) => {
      const layout = layoutOf(instance, spec.id)
      return examineContainer(layout, { spec, ...running }, specFacts(layout, await facts()))
    },
    watch: (ended) => watchContainers(instance, { facts, isExpected: (id) => stopping.has(id), ended }),
  }
}
