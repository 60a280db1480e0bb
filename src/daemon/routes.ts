import { once } from 'node:events'
import * as operations from '../deploy/index.ts'
import type { Asked, Berth } from '../deploy/index.ts'
import {
  ConfigChange,
  DeployRequest,
  DestroyRequest,
  GcRequest,
  RollbackRequest,
  type DaemonInfo,
} from '../model/api.ts'
import { requestInvalid } from '../model/problems/deploy.ts'
import { version } from '../model/version.ts'
import { eventSink, parseAs, readBody, readLineAndRest, sendJson, type Call, type Route } from './http.ts'
import { nameFrom } from './parameters.ts'
import { auditRoutes } from './audit-routes.ts'
import { proofRoutes } from './proof-routes.ts'
import { supplyChainRoutes } from './supply-chain-routes.ts'

/** Every request that the daemon answers, but for those that become a command's connection (command-upgrade.ts). */
export function routesFor(berth: Berth): readonly Route[] {
  return [
    ...proofRoutes(berth),
    ...auditRoutes(berth),
    ...sourceRoutes(berth),
    ...questionRoutes(berth),
    ...changeRoutes(berth),
    ...supplyChainRoutes(berth),
  ]
}

/** Those that take a source tree. */
function sourceRoutes(berth: Berth): Route[] {
  const withSource =
    (use: (source: Awaited<ReturnType<typeof readSource>>, call: Call) => Promise<void>) => async (call: Call) =>
      use(await readSource(call), call)
  return [
    {
      method: 'POST',
      path: '/v1/deploy',
      action: 'deploy',
      handle: withSource(async (source, call) => {
        await operations.deploy(berth, { ...source, emit: eventSink(call), signal: call.signal })
        call.response.end()
      }),
    },
    {
      method: 'POST',
      path: '/v1/plan',
      action: 'plan',
      handle: withSource(async (source, call) =>
        sendJson(call, await operations.planDeploy(berth, { ...source, signal: call.signal })),
      ),
    },
    {
      method: 'POST',
      path: '/v1/detect',
      action: 'detection',
      handle: withSource(async (source, call) =>
        sendJson(call, await operations.detect(berth, { ...source, signal: call.signal })),
      ),
    },
  ]
}

async function readSource({ request }: Call) {
  const { line, rest } = await readLineAndRest(request)
  return { request: parseAs(line, DeployRequest), archive: rest }
}

/** Those that only ask. */
function questionRoutes(berth: Berth): Route[] {
  const { apps } = berth.state
  const appOf = ({ parameters }: Call) => apps.get(nameFrom(parameters))
  const info: DaemonInfo = { version, pid: process.pid, home: berth.instance.home }
  const question = (path: string, answer: (call: Call) => unknown): Route => ({
    method: 'GET',
    path,
    action: 'question',
    handle: async (call) => sendJson(call, await answer(call)),
  })
  return [
    question('/v1/daemon', () => info),
    question('/v1/apps', () => apps.list().map((app) => operations.summaryOf(berth, app))),
    question('/v1/apps/:app', (call) => operations.statusOf(berth, appOf(call))),
    question('/v1/apps/:app/releases', (call) => operations.releasesOf(berth, appOf(call))),
    question('/v1/apps/:app/config', (call) => operations.configOf(berth, appOf(call))),
    { method: 'GET', path: '/v1/apps/:app/logs', action: 'logs', handle: (call) => sendLogs(berth, call) },
  ]
}

async function sendLogs(berth: Berth, call: Call): Promise<void> {
  const { query, response, signal } = call
  const app = berth.state.apps.get(nameFrom(call.parameters))
  const since = query.get('since')
  const lines = query.get('lines')
  if (since !== null && Number.isNaN(Date.parse(since))) throw requestInvalid({ reason: `since ${since} is no time` })
  const wish = {
    follow: query.get('follow') === '1',
    ...(since === null ? {} : { since: new Date(since) }),
    ...(lines === null ? {} : { lines: Number(lines) }),
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  for await (const line of operations.logsOf(berth, app, wish, signal)) {
    if (signal.aborted) break
    // Whoever goes away before having read everything never makes room again.
    if (!response.write(`${JSON.stringify(line)}\n`)) await roomOrEnd(response, signal)
  }
  response.end()
}

async function roomOrEnd(response: Call['response'], signal: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/** Those that change an application. */
function changeRoutes(berth: Berth): Route[] {
  const change = (
    [method, path]: [Route['method'], string],
    action: string,
    work: (asked: Asked, call: Call) => Promise<void>,
  ): Route => ({
    method,
    path: `/v1/apps/:app${path}`,
    action,
    handle: async (call) => {
      await work({ app: nameFrom(call.parameters), emit: eventSink(call), signal: call.signal }, call)
      call.response.end()
    },
  })
  return [
    change(['DELETE', ''], 'destroy', async (asked, { request }) =>
      operations.destroy(berth, asked, (await readBody(request, DestroyRequest)).volumes),
    ),
    change(['PATCH', '/config'], 'configuration change', async (asked, { request }) =>
      operations.changeConfig(berth, asked, await readBody(request, ConfigChange)),
    ),
    change(['POST', '/rollback'], 'rollback', async (asked, { request }) =>
      operations.rollback(berth, asked, (await readBody(request, RollbackRequest)).release),
    ),
    change(['POST', '/restart'], 'restart', (asked) => operations.restart(berth, asked, 'restart')),
    change(['POST', '/start'], 'start', (asked) => operations.restart(berth, asked, 'start')),
    change(['POST', '/stop'], 'stop', (asked) => operations.stop(berth, asked)),
    {
      method: 'POST',
      path: '/v1/gc',
      action: 'gc',
      handle: async (call) => {
        const { dryRun } = await readBody(call.request, GcRequest)
        await sendJson(call, await operations.collectGarbage(berth, dryRun))
      },
    },
  ]
}
