import * as operations from '../deploy/index.ts'
import type { Berth } from '../deploy/index.ts'
import { DeployRequest } from '../model/api.ts'
import { ReproduceRequest } from '../model/proof.ts'
import { eventSink, parseAs, readBody, readLineAndRest, sendJson, type Call, type Route } from './http.ts'
import { nameFrom } from './parameters.ts'

/** Those by which berth shows that images come out the same, and that what runs is what was released. */
export function proofRoutes(berth: Berth): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/apps/:app/reproduce',
      action: 'reproduction',
      handle: async (call) => {
        const { release, attest } = await readBody(call.request, ReproduceRequest)
        const work = { app: nameFrom(call.parameters), emit: eventSink(call), signal: call.signal }
        const rebuilt = await operations.reproduceRelease(berth, work, release)
        await operations.tellReproduced(berth, rebuilt, attest, work.emit)
        call.response.end()
      },
    },
    {
      method: 'GET',
      path: '/v1/apps/:app/verify',
      action: 'verification',
      handle: async (call) =>
        sendJson(call, await operations.verifyApp(berth, berth.state.apps.get(nameFrom(call.parameters)))),
    },
    {
      method: 'POST',
      path: '/v1/scrub',
      action: 'scrub',
      handle: async (call) => {
        const untilGone = () => {
          call.signal.throwIfAborted()
          return Promise.resolve()
        }
        await sendJson(call, await operations.scrub(berth, untilGone))
      },
    },
    {
      method: 'POST',
      path: '/v1/reproduce',
      action: 'reproduction',
      handle: (call) => reproduceSource(berth, call),
    },
  ]
}

async function reproduceSource(berth: Berth, call: Call): Promise<void> {
  const { line, rest } = await readLineAndRest(call.request)
  const request = parseAs(line, DeployRequest)
  const emit = eventSink(call)
  const rebuilt = await operations.reproduceSource(berth, { request, archive: rest, emit, signal: call.signal })
  await operations.tellReproduced(berth, rebuilt, call.query.get('attest') === '1', emit)
  call.response.end()
}
