/** Drivers of the guest's devices and file systems; what a kernel has built in is not among its modules. */
export const wantedModules = ['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_console', 'erofs', 'overlay']

/**
 * The modules to be loaded, each after those that it needs.
 * @param needs names of the modules that one needs, as it says itself (`depends=` of modinfo(8)); undefined for what is
 *   built in
 */
export function loadOrder(wanted: readonly string[], needs: (name: string) => readonly string[] | undefined): string[] {
  const order = new Set<string>()
  const add = (name: string): void => {
    const needed = needs(name)
    if (needed === undefined || order.has(name)) return
    for (const each of needed) add(each)
    order.add(name)
  }
  for (const name of wanted) add(name)
  return [...order]
}

/** Reads `depends=` out of a module's own text. */
export function parseDepends(module: Buffer): string[] {
  const text = /(?:^|\0)depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? ''
  return text.split(',').filter(Boolean).map(moduleName)
}

/** Files are named with either; the kernel takes them for the same. */
export function moduleName(name: string): string {
  return name.replaceAll('-', '_')
}
