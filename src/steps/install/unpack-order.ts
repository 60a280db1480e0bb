import { runCommand } from '../../host/command.ts'
import type { Deb } from '../../host/debian-apt.ts'
import type { Workshop } from './workshop.ts'

interface Control {
  readonly provides: readonly string[]
  readonly preDepends: readonly string[]
}

/**
 * Packages so that each comes after those that it must find unpacked (Debian Policy, 7.2, Pre-Depends), by name where
 * nothing is said: the same order on every host, whatever a solver of the day would have made of it.
 */
export async function unpackOrder(workshop: Workshop, debs: readonly Deb[]): Promise<Deb[]> {
  const controls = new Map<Deb, Control>()
  for (const deb of debs) controls.set(deb, await readControl(workshop, deb))
  const providers = (name: string) =>
    debs.filter((deb) => deb.name === name || controls.get(deb)?.provides.includes(name))
  const ordered = new Set<Deb>()
  const visiting = new Set<Deb>()
  const visit = (deb: Deb): void => {
    if (ordered.has(deb) || visiting.has(deb)) return
    visiting.add(deb)
    for (const name of controls.get(deb)?.preDepends ?? []) for (const needed of providers(name)) visit(needed)
    ordered.add(deb)
  }
  for (const deb of debs) visit(deb)
  return [...ordered]
}

async function readControl({ store, signal }: Workshop, deb: Deb): Promise<Control> {
  const path = store.blobs.path(`sha256:${deb.sha256}`)
  const format = '--showformat=${Provides}\\n${Pre-Depends}\\n'
  const { stdout } = await runCommand(['dpkg-deb', '--show', format, path], { signal })
  const [provides = '', preDepends = ''] = stdout.split('\n')
  return { provides: namesIn(provides), preDepends: namesIn(preDepends) }
}

/** Names in a relationship field; of alternatives all. */
function namesIn(field: string): string[] {
  return field.split(/[,|]/).flatMap((part) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(part)?.[1] ?? [])
}
