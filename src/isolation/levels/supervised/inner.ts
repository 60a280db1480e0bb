import type { SandboxSpec } from '../../../model/sandbox.ts'
import { environmentOf } from '../environment.ts'

/** Places inside a sandbox, in the memory on /run, so that no image needs mount points for them. */
export const places = {
  directory: '/run/berth',
  /** Becomes process 1 of what runs. */
  init: '/run/berth/init',
  /** A shell that needs nothing of the image: it waits at the gate until all walls stand, and is not there after that. */
  shell: '/run/berth/busybox',
  script: '/run/berth/script',
  gate: '/run/berth/gate',
} as const

/** What the supervising programs add to the environment, and what a shell does. */
const noise =
  'container container_uuid container_host_id container_host_version_id container_host_build_id ' +
  'container_host_variant_id NOTIFY_SOCKET HOSTNAME TERM USER LOGNAME HOME SHELL PWD OLDPWD SHLVL'

/**
 * What process 1 reads before it is the application's: the environment is in no command line and in no configuration,
 * whose language might not know every value (a key has several lines).
 */
export function innerScript(spec: SandboxSpec, { hasTerminal }: { readonly hasTerminal: boolean }): string {
  const variables = environmentOf(spec).map((line) => {
    const at = line.indexOf('=')
    return `${line.slice(0, at)}=${quote(line.slice(at + 1))}`
  })
  return [
    'umask 022',
    `cd ${quote(spec.workdir)} || exit 127`, // before the gate: so a directory that is not there fails the start
    // `start` writes no line's end, which `read` takes for a failure.
    `read -r word < ${places.gate}`,
    '[ "$word" = go ] || exit 125',
    `unset word ${noise}`,
    ...(hasTerminal ? ['export TERM=xterm-256color'] : []),
    ...variables.map((variable) => `export ${variable}`),
    `exec ${[places.init, '--', ...spec.argv].map(quote).join(' ')}`,
    '',
  ].join('\n')
}

/** One word of a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
