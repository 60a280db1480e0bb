import { type CommandResult, runCommand } from '../../../host/command.ts'

/** Docker's own client, which knows how to talk to daemons of all versions. */

/** Where the daemon is, as Docker's own client is told. */
export function dockerHost(): string {
  return process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'
}

/** Debian's, or what is installed in its place. */
export const dockerProgram = 'docker'

/** @throws CommandFailed for an exit code that is not allowed */
export function docker(argv: readonly string[], allowCodes: readonly number[] = [0]): Promise<CommandResult> {
  return runCommand([dockerProgram, ...argv], { env: { DOCKER_HOST: dockerHost() }, allowCodes })
}

/** How the daemon makes control groups: by itself, or by asking systemd; asked once. */
export function groupDriver(): Promise<string> {
  return (driver ??= docker(['info', '--format={{.CgroupDriver}}']).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => {
      driver = undefined
      throw error
    },
  ))
}
let driver: Promise<string> | undefined

/** Why no daemon answers; undefined when one does. */
export async function daemonMissing(): Promise<string | undefined> {
  const asked = await docker(['version', '--format={{.Server.Version}}'], [0, 1]).catch(() => undefined)
  if (asked?.code === 0) return undefined
  const reason = asked?.stderr.trim().split('\n')[0] ?? 'it cannot be asked'
  return `no Docker daemon answers at ${dockerHost()} (${reason}): systemctl start docker, or set DOCKER_HOST`
}
