import { join } from 'node:path'
import { isSameFile } from '../../../host/process-facts.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Examined } from '../../isolator.ts'
import type { Bundle } from '../../level.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'
import { nativeDrift } from '../launched/examine.ts'
import type { NativeLevel } from '../launched/native.ts'
import { broughtBy } from './brought.ts'

/**
 * Holds a process on the host's files against its specification. The image is looked at where its layers are stacked,
 * and what the application has of it must be that; the host's own files are the host's.
 */
export async function examineOnHost(
  native: NativeLevel,
  bundle: Bundle,
  { pid, topmost }: { readonly pid: number; readonly topmost: string },
): Promise<Examined> {
  const { layout, spec } = bundle
  const drift = [...(await nativeDrift(native, bundle, pid))]
  for (const name of await broughtBy(spec.layers)) {
    if (await isSameFile(join(layout.root, name), `/proc/${pid}/root/${name}`)) continue
    drift.push({ where: 'sandbox', path: `/${name}`, what: 'is not what the image has there' })
  }
  await writeScaffold(spec, spec.idBase + appUid, topmost)
  return { drift, root: layout.root, isBare: true, covered: new Set() }
}
