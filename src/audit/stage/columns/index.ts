import { levelNames, type LevelName } from '../../../model/levels.ts'
import type { Column } from './column.ts'
import { controlColumn } from './control.ts'
import { docker } from './docker.ts'
import { engineColumn, podman } from './engine.ts'
import { levelColumn } from './level.ts'

/**
 * @param kernel of this host's virtual machines; undefined when it has none
 * @throws Error for a name that no column has; the daemon has checked it
 */
export function columnCalled(name: string, kernel?: string): Column {
  if (name === 'none') return controlColumn()
  if (name === docker.name) return engineColumn(docker)
  if (name === podman.name) return engineColumn(podman)
  if (levelNames.includes(name as LevelName)) return levelColumn(name as LevelName, kernel)
  throw new Error(`there is no column ${name}`)
}
