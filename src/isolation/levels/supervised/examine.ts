import { join } from 'node:path'
import { exists } from '../../../host/files.ts'
import { mountsOf, processFacts } from '../../../host/process-facts.ts'
import type { Drift } from '../../../model/proof.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Examined } from '../../isolator.ts'
import type { Bundle } from '../../level.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'
import { processDrift, rootSeen, volumeDrift } from '../container/examine.ts'
import { uidInside } from '../container/spec.ts'
import { environmentOf } from '../environment.ts'
import { maskedPaths } from '../walls.ts'
import { pastGate } from './first-process.ts'
import { places } from './inner.ts'

/** Holds a running sandbox of a supervising program against its specification, by what the kernel says of it. */
export async function examineSupervised(
  { layout, spec, facts }: Bundle,
  { pid, topmost }: { readonly pid: number; readonly topmost: string },
): Promise<Examined> {
  await pastGate(pid)
  const [found, mounts] = await Promise.all([processFacts(pid), mountsOf(pid)])
  const seen = `/proc/${pid}/root`
  const wanted = { args: [places.init, '--', ...spec.argv], cwd: spec.workdir, env: environmentOf(spec) }
  const points = new Map(mounts.map((mount) => [mount.point, mount]))
  const drift: Drift[] = [
    ...processDrift(found, { process: wanted }, { spec, uid: spec.idBase + appUid }),
    ...(await coverDrift(seen, points)),
    ...(await volumeDrift(spec, seen)),
  ]
  const root = points.get('/')
  if (root?.type !== 'overlay' || ![...root.options, ...root.superOptions].includes('ro'))
    drift.push({ where, path: '/', what: 'its root is no read-only stack of layers' })
  for (const path of ['/tmp', '/run', '/dev/shm'])
    if (points.get(path)?.type !== 'tmpfs') drift.push({ where, path, what: 'is not memory of its own' })
  await writeScaffold(spec, uidInside(spec, facts), topmost)
  return { drift, ...(await rootSeen(layout, seen, mounts)) }
}

const where = 'sandbox'

async function coverDrift(seen: string, points: ReadonlyMap<string, unknown>): Promise<Drift[]> {
  const open = await Promise.all(maskedPaths.map(async (path) => !points.has(path) && (await exists(join(seen, path)))))
  return maskedPaths.filter((_, index) => open[index]).map((path) => ({ where, path, what: 'is not covered' }))
}
