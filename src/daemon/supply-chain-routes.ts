import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import * as operations from '../deploy/index.ts'
import type { Berth } from '../deploy/index.ts'
import { BundleDeployRequest, BundleQuestion } from '../model/bundle.ts'
import { largestLock } from '../model/lock.ts'
import { requestInvalid } from '../model/problems/deploy.ts'
import type { Release } from '../model/release.ts'
import { AffectedRequest, DiffRequest, DocumentQuestion, LockChoice } from '../model/supply-chain.ts'
import { nameFrom } from './parameters.ts'
import { eventSink, parseAs, readBody, readLineAndRest, sendJson, type Route } from './http.ts'

/** Questions about what applications are made of, and bundles of it. */
export function supplyChainRoutes(berth: Berth): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/diff',
      action: 'question',
      handle: async (call) => {
        const request = await readBody(call.request, DiffRequest, 2 * largestLock)
        await sendJson(call, await operations.diff(berth, request))
      },
    },
    {
      method: 'POST',
      path: '/v1/outdated',
      action: 'question',
      handle: async (call) => {
        const choice = await readBody(call.request, LockChoice, largestLock)
        await operations.outdated(berth, { choice, emit: eventSink(call), signal: call.signal })
        call.response.end()
      },
    },
    {
      method: 'POST',
      path: '/v1/affected',
      action: 'question',
      handle: async (call) => {
        const { query } = await readBody(call.request, AffectedRequest)
        await sendJson(call, await operations.affected(berth, query))
      },
    },
    {
      method: 'POST',
      path: '/v1/key',
      action: 'key',
      handle: async (call) => sendJson(call, { publicKey: await operations.signingKey(berth) }),
    },
    documentRoute(berth, 'sbom', (release, { format }) => operations.billOf(berth, release, format)),
    documentRoute(berth, 'provenance', (release) => operations.provenanceOf(berth, release)),
    ...bundleRoutes(berth),
  ]
}

/** A document about a release. */
function documentRoute(
  { state }: Berth,
  name: string,
  make: (release: Release, question: DocumentQuestion) => Promise<object>,
): Route {
  return {
    method: 'GET',
    path: `/v1/apps/:app/${name}`,
    action: 'question',
    handle: async (call) => {
      const question = DocumentQuestion.safeParse(Object.fromEntries(call.query))
      if (!question.success) throw requestInvalid({ reason: 'no such release or format' })
      const app = state.apps.get(nameFrom(call.parameters))
      const release = state.releases.get(app, question.data.release ?? app.currentRelease ?? 0)
      await sendJson(call, await make(release, question.data))
    },
  }
}

function bundleRoutes(berth: Berth): Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/apps/:app/bundle',
      action: 'bundle',
      handle: async (call) => {
        const question = await readBody(call.request, BundleQuestion)
        const asked = { app: nameFrom(call.parameters), emit: eventSink(call), signal: call.signal }
        await operations.prepareBundle(berth, { ...asked, ...question })
        call.response.end()
      },
    },
    {
      method: 'GET',
      path: '/v1/apps/:app/bundle',
      action: 'bundle',
      handle: async ({ parameters, query, response, signal }) => {
        const question = BundleQuestion.parse({ release: z.coerce.number().parse(query.get('release')) })
        using held = await berth.busy.holdStore()
        const bundle = await operations.bundleOf(berth, { app: nameFrom(parameters), ...question })
        response.writeHead(200, { 'content-type': 'application/x-tar', 'content-length': bundle.size })
        await pipeline(bundle.read(), response, { signal })
      },
    },
    {
      method: 'POST',
      path: '/v1/deploy-bundle',
      action: 'deploy',
      handle: async (call) => {
        const { line, rest } = await readLineAndRest(call.request)
        const request = parseAs(line, BundleDeployRequest)
        const work = { request, archive: rest, emit: eventSink(call), signal: call.signal }
        await operations.deployBundle(berth, work)
        call.response.end()
      },
    },
  ]
}
