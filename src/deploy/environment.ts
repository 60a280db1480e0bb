import { join } from 'node:path'
import { mkdir } from '../host/files.ts'
import type { Release } from '../model/release.ts'
import type { Secret } from '../model/secret.ts'
import { isBuildSetting } from '../model/ssh-settings.ts'
import type { SpecInput } from '../steps/start/spec.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'

/** Gathers what a sandbox of a release is made from: layers, opened secrets, folders for volumes and logs. */
export async function specInputFor(berth: Berth, app: App, release: Release): Promise<SpecInput> {
  const { state, images, paths } = berth
  using held = await berth.busy.holdStore()
  const [layers, secrets] = await Promise.all([
    images.layerDirectories(release),
    openSecrets(berth, app, release),
    mkdir(join(paths.logs, app.name), { recursive: true, mode: 0o700 }),
    ...release.run.volumes.map(({ name }) => mkdir(join(paths.volumes, app.name, name), { recursive: true })),
  ])
  return { release, appId: app.id, sandboxNumber: state.apps.takeSandboxNumber(app.id), layers, secrets, paths }
}

/** The values of a release's secrets, but for those that only its build may use. */
export async function openSecrets({ state }: Berth, app: App, release: Release): Promise<Record<string, Secret>> {
  const names = Object.entries(release.secretVersions).filter(([name]) => !isBuildSetting(name))
  const opened = names.map(
    async ([name, version]) => [name, await state.settings.openSecret(app, { name, version })] as const,
  )
  return Object.fromEntries(await Promise.all(opened))
}
