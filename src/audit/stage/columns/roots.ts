import { runCommand } from '../../../host/command.ts'
import { mkdir, rm } from '../../../host/files.ts'
import { mountOverlay } from '../../../host/mounts.ts'
import { places } from '../places.ts'
import type { SceneApp } from './column.ts'

/** The layers, and one on top that keeps what is written. */
export async function writableRoot({ role, layers }: SceneApp): Promise<string> {
  const folder = `${places.work}/roots/${role}`
  await runCommand(['umount', '--lazy', `${folder}/root`], { allowCodes: [0, 1, 32] })
  await rm(folder, { recursive: true, force: true })
  for (const name of ['root', 'upper', 'work']) await mkdir(`${folder}/${name}`, { recursive: true })
  const lower = [...layers].reverse().join(':')
  const options = `lowerdir=${lower},upperdir=${folder}/upper,workdir=${folder}/work`
  await mountOverlay({ source: 'audit', target: `${folder}/root`, options })
  return `${folder}/root`
}
