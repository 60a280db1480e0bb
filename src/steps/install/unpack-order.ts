import { runCommand } from '../../host/command.ts'
import type { Deb } from '../../host/debian-apt.ts'
import { keyOf } from '../../image/index.ts'
import { recipeVersion } from './recipe.ts'
import type { Workshop } from './workshop.ts'

interface Control {
  readonly provides: readonly string[]
  readonly preDepends: readonly string[]
}

/** The name of the answer that says in which order some packages are unpacked. */
export function orderKey(debs: readonly Deb[]): string {
  return keyOf({ recipeVersion, kind: 'unpack-order', debs: debs.map(({ sha256 }) => sha256) })
}

/** The order of packages, which their files tell once and for all. */
export async function unpackOrder(workshop: Workshop, debs: readonly Deb[]): Promise<readonly Deb[]> {
  const { cache } = workshop.store
  const key = orderKey(debs)
  const known = inOrderOf(await cache.answer(key), debs)
  if (known) return known
  const order = await readOrder(workshop, debs)
  await cache.rememberAnswer(
    key,
    order.map(({ sha256 }) => sha256),
  )
  return order
}

/** Undefined unless it is the same packages. */
function inOrderOf(answer: unknown, debs: readonly Deb[]): Deb[] | undefined {
  if (!Array.isArray(answer) || new Set(answer).size !== debs.length) return undefined
  const ordered = answer.flatMap((sha256) => debs.find((deb) => deb.sha256 === sha256) ?? [])
  return ordered.length === debs.length ? ordered : undefined
}

/**
 * Packages so that each comes after those that it must find unpacked (Debian Policy, 7.2, Pre-Depends), by name where
 * nothing is said: the same order on every host, whatever a solver of the day would have made of it.
 */
async function readOrder(workshop: Workshop, debs: readonly Deb[]): Promise<Deb[]> {
  const controls = await readControls(workshop, debs)
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

const readAtOnce = 4

async function readControls(workshop: Workshop, debs: readonly Deb[]): Promise<Map<Deb, Control>> {
  const controls = new Map<Deb, Control>()
  const pending = debs.values()
  const readOn = async () => {
    for (const deb of pending) controls.set(deb, await readControl(workshop, deb))
  }
  await Promise.all(Array.from({ length: readAtOnce }, readOn))
  return controls
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
