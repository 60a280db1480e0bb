import { findProgram } from '../../host/programs.ts'
import { spawnReporting } from '../../host/processes.ts'
import type { SandboxSpec } from '../../model/sandbox.ts'
import type { Level } from '../level.ts'
import type { Layout } from './layout.ts'
import { cutLog } from './log-rotation.ts'
import { programs } from './programs.ts'

/**
 * Starts conmon, which lets the runtime create the sandbox and then keeps its output and exit code.
 * @returns the process id of the sandbox's first process, as the host sees it
 * @throws Error in the runtime's words
 */
export async function createUnderMonitor(level: Level, layout: Layout, { id, logFile }: SandboxSpec): Promise<number> {
  const [runtime, ...runtimeArguments] = level.runtime(layout)
  const runtimePath = await findProgram(runtime)
  if (runtimePath === undefined) throw new Error(`${runtime} is not installed`)
  const argv: [string, ...string[]] = [
    ...([programs.monitor, '--api-version', '1', '-c', id, '-u', id, '-n', id] as const),
    ...['-r', runtimePath, '-b', layout.bundle, '-p', layout.pidFile],
    ...['--exit-dir', layout.exits, '--persist-dir', layout.persist, '-l', `k8s-file:${logFile}`],
    ...['--log-size-max', String(cutLog)],
    ...['--conmon-pidfile', layout.monitorPidFile, '--full-attach', '--log-level', 'error'],
    ...runtimeArguments.flatMap((argument) => ['--runtime-arg', argument]),
  ]
  // conmon also notes an out-of-memory kill in the directory that it stands in.
  const { report, stderr } = await spawnReporting(argv, { env: { _OCI_SYNCPIPE: '3' }, cwd: layout.bundle })
  const { data, message } = (report === '' ? {} : JSON.parse(report)) as { data?: unknown; message?: unknown }
  if (typeof data === 'number' && data > 0) return data
  throw new Error(typeof message === 'string' ? message.trim() : stderr.trim() || 'the monitor did not start')
}
