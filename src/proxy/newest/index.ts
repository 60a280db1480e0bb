import type { ArtifactKind } from '../../model/lock.ts'
import { newestGo } from './go.ts'
import type { FindNewest } from './newest.ts'
import { newestNpm } from './npm.ts'
import { newestPypi } from './pypi.ts'

export type { Looking, Newest } from './newest.ts'
export { pythonIndexOf } from './pypi.ts'

/** How to learn what a registry has now; Debian's packages are asked of apt instead. */
export const findNewest: Partial<Record<ArtifactKind, FindNewest>> = { npm: newestNpm, go: newestGo, pypi: newestPypi }
