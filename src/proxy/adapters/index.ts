import type { MakeAdapter } from '../adapter.ts'
import { debian } from './debian.ts'
import { npm } from './npm.ts'
import { pypi } from './pypi.ts'

/** Every ecosystem whose registry berth can lock. */
export const adapters: readonly MakeAdapter[] = [debian, pypi, npm]
