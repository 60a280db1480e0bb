import type { BuildAnswer } from '../adapter.ts'

/**
 * What clients ask of a registry besides packages. Answers change from day to day (which package is vulnerable) and
 * decide nothing about what is installed, so a build gets the same one always: that there is nothing to tell.
 */
export function answerService(path: string): BuildAnswer {
  if (path === 'ping' || path === 'npm/v1/security/advisories/bulk') return json(200, {})
  if (path.startsWith('npm/v1/security/audits')) return json(200, nothingFound)
  if (path === 'v1/search') return json(200, { objects: [], total: 0, time: 'Thu Jan 01 1970 00:00:00 GMT+0000' })
  return json(path === 'whoami' ? 401 : 404, { error: 'berth answers nothing but packages' })
}

/** What `npm audit` of npm 6, pnpm and yarn want to count. */
const nothingFound = {
  actions: [],
  advisories: {},
  muted: [],
  metadata: {
    vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0 },
    dependencies: 0,
    devDependencies: 0,
    optionalDependencies: 0,
    totalDependencies: 0,
  },
}

export function json(status: number, body: unknown, type = 'application/json'): BuildAnswer {
  return { status, headers: { 'content-type': type }, body: JSON.stringify(body) }
}
