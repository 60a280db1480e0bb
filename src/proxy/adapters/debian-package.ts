import { join } from 'node:path'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { mkdir, readText, replaceFile } from '../../host/files.ts'
import type { Artifact } from '../../model/lock.ts'
import type { Shelf } from '../adapter.ts'

/** Control files of packages. */
export type Controls = ReadonlyMap<Artifact, string>

const atOnce = 4

/** What each package says of itself; one that is no package at all is left out, with a notice. */
export async function readControls(artifacts: readonly Artifact[], shelf: Shelf): Promise<Controls> {
  const directory = join(await shelf.cacheDirectory(), 'control')
  await mkdir(directory, { recursive: true })
  const controls = new Map<Artifact, string>()
  const waiting = new Set(artifacts).values()
  const work = async () => {
    for (const artifact of waiting) {
      const control = await readControl(artifact, directory, shelf)
      if (control !== undefined) controls.set(artifact, control)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return controls
}

async function readControl(artifact: Artifact, directory: string, shelf: Shelf): Promise<string | undefined> {
  const cached = join(directory, artifact.sha256)
  const known = await readText(cached)
  if (known) return known
  const path = await shelf.provide(artifact)
  try {
    const { stdout } = await runCommand(['dpkg-deb', '--field', path], { timeoutSeconds: 30 })
    await replaceFile(cached, stdout)
    return stdout
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    shelf.notice(`${artifact.url} is no Debian package that can be installed: ${error.message}`)
    return undefined
  }
}
