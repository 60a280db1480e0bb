import { join } from 'node:path'

export { cleanAudits, playOutside } from './outer/outer.ts'
export type { StageLine, StageOrder } from './stage/order.ts'
export { attacksCalled, auditColumns } from './choose.ts'
export { reportOf } from './report.ts'

/** The source tree of the application that attacks go through. */
export const vulnerableAppFolder = join(import.meta.dirname, 'app')
