import { setTimeout as sleep } from 'node:timers/promises'
import { readdir } from '../../host/files.ts'
import { commandLine } from '../stage/processes.ts'

/** The command lines of all processes that are seen while something goes on, and once more afterwards; each once. */
export async function commandLinesDuring(work: Promise<void>): Promise<string[]> {
  const lines = new Set<string>()
  const isOver = work.then(
    () => true,
    () => true,
  )
  while (!(await Promise.race([isOver, sleep(5, false)]))) await look(lines)
  await work
  await look(lines)
  return [...lines]
}

async function look(lines: Set<string>): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
  for (const line of await Promise.all(pids.map((pid) => commandLine(Number(pid))))) lines.add(line)
}
