import type { SandboxSpec } from '../../model/sandbox.ts'
import { Secret } from '../../model/secret.ts'

const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The application's environment, with its secrets revealed, as `NAME=value`. */
export function environmentOf({ env }: SandboxSpec): string[] {
  const all: Record<string, string | Secret> = { PATH: standardPath, ...env, HOME: '/tmp' }
  return Object.entries(all).map(([name, value]) => `${name}=${value instanceof Secret ? value.reveal() : value}`)
}
