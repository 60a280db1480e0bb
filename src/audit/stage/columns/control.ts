import { exists, mkdir, readText, removeTree, writeFile } from '../../../host/files.ts'
import { runCommand } from '../../../host/command.ts'
import { killQuietly, spawnDetached } from '../../../host/processes.ts'
import { places } from '../places.ts'
import type { Column, RunningApp, SceneApp } from './column.ts'

/**
 * No level at all: a process of root's on the host's own files, which is what the talk began with. What it cannot do
 * is not live on this host; so it is the measure for all others.
 */
export function controlColumn(): Column {
  const pids = new Map<string, number>()
  return {
    name: 'none',
    kind: 'control',
    hasOwnKernel: false,
    missing: () => Promise.resolve([]),
    prepare: () => Promise.resolve(),
    start: async (app) => {
      const running = await start(app)
      pids.set(app.role, running.pid)
      return running
    },
    renew: ({ role }) => removeTree(`${places.work}/${role}`),
    stop: async ({ role }) => {
      const pid = pids.get(role)
      // As a supervisor does that knows of one process: it, and nothing that it has started.
      if (pid !== undefined) killQuietly(pid, 'SIGKILL')
      while (pid !== undefined && (await readText(`/proc/${pid}/stat`).catch(() => '')) !== undefined) {
        if (/\) Z /.test((await readText(`/proc/${pid}/stat`).catch(() => '')) ?? ') Z ')) break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

async function start(app: SceneApp): Promise<RunningApp> {
  const folder = `${places.work}/${app.role}`
  const volume = `${folder}/data`
  await mkdir(volume, { recursive: true })
  // Only once: what it has done to itself since then stays, as it does on a host.
  if (!(await exists(`${folder}/is-installed`))) {
    await runCommand(['cp', '-a', `${places.image}${app.workdir}`, folder])
    await writeFile(`${folder}/is-installed`, '')
  }
  const code = `${folder}${app.workdir}`
  const port = app.role === 'attacked' ? 8001 : 8002
  const { pid } = await spawnDetached(
    // With a directory left open, as by somebody who starts programs without care.
    [
      'sh',
      '-c',
      'exec 9</; exec "$@"',
      'sh',
      'choom',
      '-n',
      '600',
      '--',
      'env',
      '--chdir',
      code,
      `${places.tools}/python3`,
      `${code}/webapp.py`,
    ],
    {
      env: {
        ...app.env,
        PORT: String(port),
        PATH: `${places.tools}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        PYTHONPATH: `${code}/venv/lib/python3.11/site-packages`,
      },
      logFile: `${folder}/log`,
    },
  )
  const log = `${folder}/log`
  return { address: '127.0.0.1', port, pid, gateway: '', code: `${code}/webapp.py`, volume, volumeOnHost: volume, log }
}
