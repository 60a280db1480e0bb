import { runCommand } from '../host/command.ts'
import type { RuntimeAdvisory } from '../model/audit.ts'
import { advisoriesOfRunc } from '../model/runtime-advisories.ts'

/** The runtime that most levels stand on, and what is known of its version. */
export async function runtimeFacts(): Promise<{ runtime: string; advisories: RuntimeAdvisory[] }> {
  const said = await runCommand(['runc', '--version'], { allowCodes: [0, 1] }).catch(() => undefined)
  const version = /^runc version (\S+)/m.exec(said?.stdout ?? '')?.[1]
  if (version === undefined) return { runtime: '', advisories: [] }
  const asked = ['dpkg-query', '--show', '--showformat', '${Version}', 'runc'] as const
  const packaged = await runCommand(asked, { allowCodes: [0, 1] }).catch(() => undefined)
  const known = packaged?.code === 0 && packaged.stdout !== '' ? packaged.stdout : undefined
  const runtime = `runc ${version}${known === undefined ? '' : ` (Debian's ${known})`}`
  return { runtime, advisories: advisoriesOfRunc(version, known) }
}
