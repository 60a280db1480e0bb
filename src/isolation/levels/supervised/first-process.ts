import { setTimeout as sleep } from 'node:timers/promises'
import { readText } from '../../../host/files.ts'
import { identify, isAlive } from '../../../host/processes.ts'
import { readLastLines } from '../../sandbox/log-file.ts'
import { places } from './inner.ts'

/**
 * Waits until a supervising program has made its sandbox, whose process 1 then waits at its gate.
 * @returns that process, as the host sees it
 * @throws Error with the program's last words when it ends without having made one
 */
export async function firstProcessOf(supervisor: number, logFile: string): Promise<number> {
  const identity = await identify(supervisor)
  const deadline = Date.now() + 60_000
  while (identity && (await isAlive(identity))) {
    for (const pid of await familyOf(supervisor)) if (await waitsAtGate(pid)) return pid
    if (Date.now() > deadline) throw new Error('the program that makes it did not get there within a minute')
    await sleep(5)
  }
  const words = (await readLastLines(logFile, 4)).map(({ text }) => text)
  throw new Error(words.join('; ') || 'the program that makes it ended without a word')
}

/** Processes below one, nearest first; children of its threads that are no first threads do not occur here. */
async function familyOf(pid: number): Promise<number[]> {
  const text = (await readText(`/proc/${pid}/task/${pid}/children`).catch(() => undefined)) ?? ''
  const children = text.split(' ').map(Number).filter(Boolean)
  return [...children, ...(await Promise.all(children.map(familyOf))).flat()]
}

/** Waits until process 1 is the application's; it may just have been let go. */
export async function pastGate(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    if (!(await isAtGate(pid))) return
    await sleep(10)
  }
}

async function isAtGate(pid: number): Promise<boolean> {
  const commandLine = await readText(`/proc/${pid}/cmdline`).catch(() => undefined)
  return commandLine?.startsWith(`${places.shell}\0`) ?? false
}

/** The only thing that it sleeps for is that somebody opens the gate. */
export async function waitsAtGate(pid: number): Promise<boolean> {
  if (!(await isAtGate(pid))) return false
  const status = (await readText(`/proc/${pid}/status`).catch(() => undefined)) ?? ''
  return /^State:\s+S/m.test(status) && /^NSpid:.*\s1$/m.test(status)
}
