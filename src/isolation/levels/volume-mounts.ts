import { join } from 'node:path'
import { runCommand } from '../../host/command.ts'
import { mkdir } from '../../host/files.ts'
import type { SandboxSpec } from '../../model/sandbox.ts'
import type { Layout } from '../sandbox/layout.ts'

/**
 * Mounts a sandbox's volumes once more, in its bundle, so that nothing in them can be executed: for programs that mount
 * them as they find them. (crun 1.8.1 overlooks `noexec` of a bind mount, and Docker has no word for it.)
 * @returns the volumes with these places as their sources; they go with the bundle
 */
export async function mountDataOnly(layout: Layout, { volumes }: SandboxSpec): Promise<SandboxSpec['volumes']> {
  return Promise.all(
    volumes.map(async ({ source, target }, index) => {
      const place = join(layout.bundle, 'volumes', String(index))
      await mkdir(place, { recursive: true })
      await runCommand(['mount', '--bind', source, place])
      await runCommand(['mount', '-o', 'remount,bind,nosuid,nodev,noexec', place])
      return { source: place, target }
    }),
  )
}
