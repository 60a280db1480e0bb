import type { Adapter, MakeAdapter } from '../adapter.ts'

/** Repositories of git over HTTP. Nothing is claimed yet: a clone is refused as a request that cannot be locked. */
export const git: MakeAdapter = (): Adapter => ({
  kind: 'git',
  record: () => Promise.resolve(undefined),
  replay: () => Promise.resolve(undefined),
})
