import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import { runCommand } from '../../host/command.ts'
import { lstat, readdir, readText, rm } from '../../host/files.ts'
import { requestHttp } from '../../host/http.ts'
import { familyOf } from '../stage/processes.ts'
import type { Scene } from '../stage/scene.ts'
import type { Evidence } from '../attack.ts'
import { firstOwnUser } from './accounts.ts'

/** Whether a visitor gets to the container engine: by the application's door, or at the control by a socket in its folder. */
export async function engineThrough(scene: Scene): Promise<boolean> {
  const isControl = scene.column.kind === 'control'
  if (!isControl) await scene.restartAttacked()
  const { address, port } = scene.running.attacked
  const where = isControl ? { socketPath: `${scene.attackedVolume}/http.sock` } : { host: address, port }
  return (await answerOf(where)).includes(scene.token('engine'))
}

function answerOf(where: { socketPath: string } | { host: string; port: number }): Promise<string> {
  return new Promise((resolve) => {
    const asking = requestHttp({ ...where, path: '/ping', agent: false, timeout: 15_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve(text))
      response.once('error', () => resolve(text))
    })
    asking.once('timeout', () => asking.destroy(new Error('no answer')))
    asking.once('error', () => resolve(''))
    asking.end()
  })
}

/**
 * Settings by which the loader of glibc writes a file for each program that starts with them (ld.so(8), LD_DEBUG_OUTPUT):
 * whose it is tells who ran it. LD_PRELOAD would go the same way, and be code.
 */
export async function startWithLoaderSettings(scene: Scene): Promise<Evidence> {
  const mark = `berth-audit-${randomBytes(6).toString('hex')}`
  const inside = scene.running.attacked.volume
  for (const [seenInside, onHost] of [
    ['/tmp', '/tmp'],
    [inside, scene.attackedVolume],
  ] as const) {
    const env = { ...scene.released.env, LD_DEBUG: 'statistics', LD_DEBUG_OUTPUT: `${seenInside}/${mark}` }
    if (scene.column.kind === 'control') await runCommand(['date'], { env })
    else await startAndServe(scene, env)
    const leak = (await witnessIn(onHost, mark)) ?? (await carrierOf(mark, scene))
    if (leak !== undefined) return leak
  }
  return undefined
}

/** @throws Error when it does not start with them: then nothing can be said */
async function startAndServe(scene: Scene, env: Readonly<Record<string, string>>): Promise<void> {
  const reason = await scene.startOtherwise({ env })
  if (reason !== undefined) throw new Error(reason)
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await scene.attackedVersion()) !== undefined) return
    await sleep(100)
  }
  throw new Error('the application does not answer')
}

/** A file of root's that its loader has written; those of others are removed, too. */
async function witnessIn(folder: string, mark: string): Promise<Evidence> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(mark))
  const owners = await Promise.all(names.map((name) => lstat(`${folder}/${name}`).then(({ uid }) => uid)))
  for (const name of names) await rm(`${folder}/${name}`, { force: true })
  const owner = owners.find((uid) => uid < firstOwnUser)
  return owner === undefined ? undefined : `a program of user ${owner} of the host has run with them`
}

/** A process outside of the application that has its settings. */
async function carrierOf(mark: string, { running: { attacked }, column }: Scene): Promise<Evidence> {
  if (column.kind === 'control') return undefined
  const own = new Set(await familyOf(attacked.pid))
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name) || own.has(Number(name))) continue
    const settings = (await readText(`/proc/${name}/environ`).catch(() => undefined)) ?? ''
    if (!settings.split('\0').some((each) => each.startsWith('LD_DEBUG_OUTPUT=') && each.includes(mark))) continue
    const command = (await readText(`/proc/${name}/comm`).catch(() => undefined)) ?? ''
    return `${command.trim()} runs with them on the host`
  }
  return undefined
}
