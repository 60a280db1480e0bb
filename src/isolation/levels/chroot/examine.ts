import { isSameFile, mountsOf } from '../../../host/process-facts.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Examined } from '../../isolator.ts'
import type { Bundle } from '../../level.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'
import { mountDrift, nativeDrift } from '../launched/examine.ts'
import type { NativeLevel } from '../launched/native.ts'
import { mountSteps } from './mounts.ts'

/** Holds a process in its own root against its specification. */
export async function examineChroot(
  native: NativeLevel,
  bundle: Bundle,
  { pid, topmost }: { readonly pid: number; readonly topmost: string },
): Promise<Examined> {
  const { layout, spec } = bundle
  const drift = [...(await nativeDrift(native, bundle, pid)), ...(await mountDrift(mountSteps(spec, layout.root), pid))]
  const root = (await mountsOf(pid)).find(({ point }) => point === '/')
  if (root?.type !== 'overlay' || !root.options.includes('ro'))
    drift.push({ where: 'sandbox', path: '/', what: 'its root is no read-only stack of layers' })
  if (!(await isSameFile(layout.root, `/proc/${pid}/root`)))
    drift.push({ where: 'sandbox', path: '/', what: 'its root is not the one that was made for it' })
  await writeScaffold(spec, spec.idBase + appUid, topmost)
  return { drift, root: layout.root, isBare: true, covered: new Set() }
}
