import { join } from 'node:path'
import type { Instance } from '../../../host/instance.ts'
import type { Layout } from '../../sandbox/layout.ts'

/** Where the parts of virtual machines are, which all of an instance share. They can be lost: each is made again. */
export function sharedPaths({ home }: Instance) {
  const all = join(home, 'vm')
  return {
    all,
    kernel: join(all, 'kernel'),
    /** Root file systems as block devices, by what they are made of. */
    images: join(all, 'images'),
    /** Where what is being made lies until it is whole. */
    making: join(all, 'making'),
  } as const
}

/** Where the parts of one virtual machine are: in the run directory, for they hold secrets. */
export function machinePaths({ bundle }: Pick<Layout, 'bundle'>) {
  const all = join(bundle, 'vm')
  return {
    all,
    qemu: join(all, 'qemu'),
    card: join(all, 'card'),
    descriptors: join(all, 'descriptors'),
    guest: join(all, 'guest'),
    host: join(all, 'host'),
    /** The command line that makes an image of the scaffold. */
    scaffold: join(all, 'scaffold'),
    scaffoldImage: join(all, 'scaffold.img'),
    socket: join(all, 'socket'),
    /** Where the devices of its root are mounted to be looked at. */
    shown: join(all, 'shown'),
  } as const
}
