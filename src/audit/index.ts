import { join } from 'node:path'

export { cleanAudits, playOutside } from './outer/outer.ts'
export type { StageLine, StageOrder } from './stage/order.ts'
export type { Attack } from './attack.ts'
export { attacksCalled, auditColumns, auditReleaseAttacks } from './choose.ts'
export { examinePosture } from './stage/posture-facts.ts'
export { runtimeFacts } from './runtime.ts'
export { kernelName, reportOf } from './report.ts'

/** The source tree of the application that attacks go through. */
export const vulnerableAppFolder = join(import.meta.dirname, 'app')
