import * as operations from '../deploy/index.ts'
import type { Berth } from '../deploy/index.ts'
import { AuditRequest } from '../model/audit.ts'
import { LearnRequest } from '../model/learned.ts'
import { nameFrom } from './parameters.ts'
import { eventSink, readBody, type Route } from './http.ts'

/** Those by which berth attacks what it has built. */
export function auditRoutes(berth: Berth): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/audit',
      action: 'audit',
      handle: async (call) => {
        const request = await readBody(call.request, AuditRequest)
        const emit = eventSink(call)
        emit({ kind: 'audited', report: await operations.auditLevels(berth, request, { emit, signal: call.signal }) })
        call.response.end()
      },
    },
    {
      method: 'POST',
      path: '/v1/apps/:app/learn',
      action: 'learn',
      handle: async (call) => {
        const { seconds } = await readBody(call.request, LearnRequest)
        const emit = eventSink(call)
        const asked = { app: nameFrom(call.parameters), seconds, emit, signal: call.signal }
        emit({ kind: 'learned', learned: await operations.learn(berth, asked) })
        call.response.end()
      },
    },
    {
      method: 'POST',
      path: '/v1/apps/:app/audit',
      action: 'audit',
      handle: async (call) => {
        const request = await readBody(call.request, AuditRequest)
        const emit = eventSink(call)
        const asked = { app: nameFrom(call.parameters), request, emit, signal: call.signal }
        emit({ kind: 'audited', report: await operations.auditApp(berth, asked) })
        call.response.end()
      },
    },
  ]
}
