import { mkdir, watch } from '../../host/files.ts'
import type { Instance } from '../../host/instance.ts'
import { ensureRunDirectory } from '../../host/mounts.ts'
import { ensureHostRules } from '../../host/network.ts'
import type { Exit } from '../../model/sandbox.ts'
import type { HostFacts } from './facts.ts'
import { findSandboxes } from './find.ts'
import { gatherer } from './gather.ts'
import { layoutOf } from './layout.ts'
import { rotateLogs } from './log-rotation.ts'

export interface Watch {
  readonly facts: () => Promise<HostFacts>
  /** Whether berth itself ends this sandbox. */
  readonly isExpected: (id: string) => boolean
  readonly ended: (id: string, exit: Exit) => void
}

/**
 * Calls back once for each sandbox that ends by itself, also for those that ended before. The monitors' exit files
 * tell at once; a look around every second finds sandboxes whose monitor was killed.
 * @returns what ends the watch
 */
export function watchSandboxes(instance: Instance, { facts, isExpected, ended }: Watch): () => void {
  const { exits } = layoutOf(instance, '')
  const reported = new Set<string>()
  const state = { isOver: false, isScanning: false, again: false }

  async function scan(): Promise<void> {
    const all = await findSandboxes(instance, await facts())
    for (const sandbox of all) {
      if (sandbox.state !== 'ended' || reported.has(sandbox.id) || isExpected(sandbox.id) || isOver()) continue
      reported.add(sandbox.id)
      ended(sandbox.id, sandbox.exit)
    }
    for (const id of reported) if (!all.some((sandbox) => sandbox.id === id)) reported.delete(id)
  }

  const isOver = () => state.isOver

  /** One scan at a time; what happens during one is seen by another after it. */
  async function look(): Promise<void> {
    if (state.isScanning) {
      state.again = true
      return
    }
    state.isScanning = true
    try {
      do {
        state.again = false
        await scan()
      } while (mustLookAgain())
    } finally {
      state.isScanning = false
    }
  }
  const mustLookAgain = () => state.again && !state.isOver

  // A failed look, such as for want of file descriptors, is made up for by the next one.
  const lookQuietly = () => void look().catch(() => undefined)
  // What ends at once does so while its start is still being noted, and is not looked at until that is done.
  const lookTwice = () => {
    lookQuietly()
    setTimeout(lookQuietly, 100).unref()
  }
  const notifier: { close?: () => void } = {}
  const notice = async () => {
    await ensureRunDirectory(instance)
    await mkdir(exits, { recursive: true })
    if (state.isOver) return
    const watcher = watch(exits, lookTwice).on('error', () => undefined)
    notifier.close = () => watcher.close()
    lookQuietly()
  }
  void notice().catch(() => undefined) // then the look around every second tells, only later
  const timer = setInterval(lookQuietly, 1000).unref()
  // Another program may flush all rules of the host (`nft flush ruleset`); the fence round the sandboxes comes back.
  const rotate = () => void rotateLogs(instance).catch(() => undefined)
  const rotationTimer = setInterval(rotate, 1000).unref()
  const gather = gatherer(instance, facts)
  const gatherTimer = setInterval(() => void gather().catch(() => undefined), 1000).unref()
  const renewFence = () => void ensureHostRules(instance).catch(() => undefined)
  const fenceTimer = setInterval(renewFence, 10_000).unref()
  renewFence()
  return () => {
    state.isOver = true
    clearInterval(timer)
    clearInterval(fenceTimer)
    clearInterval(rotationTimer)
    clearInterval(gatherTimer)
    notifier.close?.()
  }
}
