import { dirname } from 'node:path'
import { canBoundIo } from '../host/cgroups.ts'
import { mkdir, rm } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { ensureRunDirectory } from '../host/mounts.ts'
import { ownUserNamespace } from '../host/user-namespace.ts'
import { Problem } from '../model/problem.ts'
import { sandboxNotStarted } from '../model/problems/isolation.ts'
import type { SandboxSpec } from '../model/sandbox.ts'
import type { Isolator } from './isolator.ts'
import type { Bundle, Level } from './level.ts'
import { levels } from './levels/index.ts'
import { allowedCalls } from './levels/container/seccomp-calls.ts'
import { runInside, runSandbox } from './sandbox/command.ts'
import { type HostFacts, hostFacts } from './sandbox/facts.ts'
import { findSandboxes } from './sandbox/find.ts'
import { layoutOf } from './sandbox/layout.ts'
import { missingForSandboxes } from './sandbox/missing.ts'
import { claim, levelOf } from './sandbox/record.ts'
import { reasonOf, startSandbox } from './sandbox/start.ts'
import { endGracefully, removeSandbox } from './sandbox/stop.ts'
import { watchSandboxes } from './sandbox/watch.ts'

const onlyContainers =
  'berth runs as an ordinary user, who can be given `container` and no other level: run it with sudo'

/** All levels, each sandbox under a monitor of its own, so that it survives berth. */
export function ladder(instance: Instance): Isolator {
  let known: Promise<HostFacts> | undefined
  const facts = () => (known ??= hostFacts())
  let look: Promise<readonly string[]> | undefined
  /** What all levels need: one look for those who ask at the same time, as doctor does of each level. */
  const missingForAll = () =>
    (look ??= facts()
      .then(missingForSandboxes)
      .finally(() => (look = undefined)))
  /** Sandboxes that are being stopped, so that their end is not reported as a crash, and nobody stops them twice. */
  const stopping = new Map<string, Promise<void>>()

  /** Does the work on a sandbox that nobody else may take for debris meanwhile, and removes it when that fails. */
  async function owning<Result>(
    spec: SandboxSpec,
    work: (level: Level, bundle: Bundle) => Promise<Result>,
  ): Promise<Result> {
    const layout = layoutOf(instance, spec.id)
    const level = levels[spec.level]
    await ensureRunDirectory(instance)
    await mkdir(dirname(layout.bundle), { recursive: true, mode: 0o755 })
    await mkdir(layout.bundle, { mode: 0o755 }) // fails, with nothing to remove, when there is such a sandbox already
    await claim(layout, spec.level)
    try {
      return await work(level, { instance, layout, spec, facts: await facts() })
    } catch (error) {
      await remove(spec.id)
      throw error
    } finally {
      await rm(layout.owner, { force: true })
    }
  }

  /** The level on which a sandbox was made, whatever its manifest says now. */
  const levelFor = async (id: string) => levels[await levelOf(layoutOf(instance, id))]

  const remove = async (id: string) => removeSandbox(instance, await levelFor(id), { id, facts: await facts() })

  async function stop(id: string, graceSeconds: number): Promise<void> {
    await endGracefully(await levelFor(id), { layout: layoutOf(instance, id), facts: await facts(), graceSeconds })
    await remove(id)
  }

  return {
    missing: async (name) => [
      ...(await missingForAll()),
      ...(name === 'container' || ownUserNamespace.isInitial ? [] : [onlyContainers]),
      ...(await levels[name].missing(await facts(), instance)),
    ],
    provide: async (name, signal) => levels[name].provide?.(instance, signal),
    weaknesses: async (name) => levels[name].weaknesses(await facts(), instance),
    cannotGive: async () => {
      const { cgroups } = await facts()
      if (cgroups.controllers.size === 0) return ['memory', 'cpus', 'pids', 'io']
      return canBoundIo(cgroups) ? [] : ['io']
    },
    givesUserNamespaces: async () => (await facts()).givesUserNamespaces,
    outerWalls: async (spec) => levels[spec.level].outerWalls?.(spec, await facts(), instance),
    allowedCalls: allowedCalls.length,
    start: async (spec, hooks = {}) => {
      const work = (level: Level, bundle: Bundle) => startSandbox(level, bundle, hooks)
      const { init } = await owning(spec, work).catch((cause: unknown) => {
        throw sandboxNotStarted({ id: spec.id, reason: reasonOf(cause) }, { cause })
      })
      return { pid: init.pid }
    },
    run: (spec, io, signal) =>
      owning(spec, async (level, bundle) => {
        const exit = await runSandbox(level, { ...bundle, terminal: io.terminal }, { io, signal })
        await remove(spec.id)
        return exit
      }).catch((cause: unknown) => {
        if (signal.aborted || cause instanceof Problem) throw cause
        throw sandboxNotStarted({ id: spec.id, reason: reasonOf(cause) }, { cause })
      }),
    exec: async (id, argv, io, signal) =>
      runInside(await levelFor(id), { layout: layoutOf(instance, id), id, facts: await facts(), argv, io, signal }),
    stop: (id, graceSeconds) => {
      const underWay = stopping.get(id)
      if (underWay) return underWay
      const work = stop(id, graceSeconds).finally(() => stopping.delete(id))
      stopping.set(id, work)
      return work
    },
    list: async () => findSandboxes(instance, await facts()),
    examine: async (spec, running) => {
      const bundle = { instance, layout: layoutOf(instance, spec.id), spec, facts: await facts() }
      return (await levelFor(spec.id)).examine(bundle, running)
    },
    garbage: async (kept) => {
      const found = Object.values(levels).map((level) => level.garbage?.(instance, kept) ?? Promise.resolve([]))
      return (await Promise.all(found)).flat()
    },
    watch: (ended) => watchSandboxes(instance, { facts, isExpected: (id) => stopping.has(id), ended }),
  }
}
