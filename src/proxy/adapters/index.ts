import type { MakeAdapter } from '../adapter.ts'
import { debian } from './debian.ts'
import { generic } from './generic.ts'
import { git } from './git.ts'
import { go } from './go.ts'
import { npm } from './npm.ts'
import { pypi } from './pypi.ts'

/** Every ecosystem whose registry berth can lock, and last what takes any other download. */
export const adapters: readonly MakeAdapter[] = [debian, pypi, npm, go, git, generic]
