import { readdir, rename, stat, writeFile } from '../../host/files.ts'
import { type Instance, pathsOf } from '../../host/instance.ts'
import { isAlive } from '../../host/processes.ts'
import { layoutOf } from './layout.ts'
import { readRecord } from './record.ts'

/** A log is begun anew when it is longer than this; the part before is kept beside it. */
export const longestLog = 4 * 1024 ** 2

/**
 * Between two looks at it the monitor itself cuts a log that has grown longer than this, and what was in it is lost:
 * who prints faster than that fills no disk.
 */
export const cutLog = 8 * 1024 ** 2

/** conmon's word for "open the log again" (conmon's ctrl.c: kind, height, width). */
const openAgain = '2 0 0\n'

/** Rotates the logs of all running sandboxes that have grown too long. */
export async function rotateLogs(instance: Instance): Promise<void> {
  for (const id of await readdir(pathsOf(instance).sandboxes).catch((): string[] => [])) await rotateLog(instance, id)
}

/** The monitor goes on writing to the renamed file until it is told, so no line is lost and none comes twice. */
async function rotateLog(instance: Instance, id: string): Promise<void> {
  const layout = layoutOf(instance, id)
  const record = await readRecord(layout)
  // Nobody reads the pipe of a dead monitor: opening it for writing would wait for ever.
  if (!record || !(await isAlive(record.monitor))) return
  const { logFile } = record
  const size = await stat(logFile).then(
    (facts) => facts.size,
    () => 0,
  )
  if (size <= longestLog) return
  await rename(logFile, `${logFile}.1`)
  await writeFile(layout.control, openAgain, { flag: 'r+' })
}
