import { join } from 'node:path'
import * as files from '../../host/files.ts'
import type { LayerPlan } from '../../model/plan.ts'
import { copyTree, makeDirectoryInside } from './copy-tree.ts'
import type { LayerWork } from './layer-work.ts'

/** The application's own files in `/app`, and a directory wherever a volume will be mounted. */
export async function makeSource(work: LayerWork, plan: Extract<LayerPlan, { kind: 'source' }>): Promise<void> {
  await files.mkdir(join(work.upper, 'app'), { mode: 0o755 })
  await copyTree(work.workshop.treeDir, join(work.upper, 'app'), plan.exclude)
  for (const path of plan.directories) await makeDirectoryInside(work.upper, path)
}
