import type { LevelName } from '../../model/levels.ts'
import type { Level } from '../level.ts'
import { chroot } from './chroot/index.ts'
import { container } from './container/index.ts'
import { docker } from './docker/index.ts'
import { gvisor } from './gvisor/index.ts'
import { lxc } from './lxc/index.ts'
import { nspawn } from './nspawn/index.ts'
import { podman } from './podman/index.ts'
import { process_ } from './process/index.ts'
import { user } from './user/index.ts'
import { vm } from './vm/index.ts'

/** Every level that berth knows how to give. */
export const levels: readonly Level[] = [process_, user, chroot, container, nspawn, lxc, docker, podman, gvisor, vm]

export function isKnown(name: LevelName): boolean {
  return levels.some((level) => level.name === name)
}

/** @throws Error for a level that no release may name yet */
export function levelCalled(name: LevelName): Level {
  const level = levels.find((candidate) => candidate.name === name)
  if (!level) throw new Error(`there is no level ${name}`)
  return level
}
