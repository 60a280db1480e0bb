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

export const levels: Readonly<Record<LevelName, Level>> = {
  process: process_,
  user,
  chroot,
  nspawn,
  lxc,
  container,
  docker,
  podman,
  gvisor,
  vm,
}
