import type { BuildRequest } from '../adapter.ts'

/** What clients tell of themselves. */

type Headers = BuildRequest['headers']

/** Installers ask for PEP 691's types; pip of before that for HTML, which it asks for nothing else. */
export function wantsIndex({ accept = '', 'user-agent': agent = '' }: Headers): boolean {
  return accept.includes('application/vnd.pypi.simple.') || (agent.startsWith('pip/') && accept.startsWith('text/html'))
}

/** Whether it is a program that installs Python packages; easy_install says `setuptools/44.1.1 Python-urllib/2.7`. */
export function isInstaller({ 'user-agent': agent = '' }: Headers): boolean {
  return /^(?:pip|uv|poetry|pdm|setuptools)\//i.test(agent)
}

/**
 * Whether it resolves for every platform and interpreter at once, to write a lock of its own: then it reads the metadata
 * of packages that it never installs, and cannot do without them in a replay. uv tells its subcommand (0.4 did not); of the
 * others nobody knows which one it is.
 */
export function resolvesForAll({ 'user-agent': agent = '' }: Headers): boolean {
  if (/^(?:poetry|pdm)\//i.test(agent)) return true
  return agent.startsWith('uv/') && !/"subcommand":\s*\["(?:pip|tool|build|venv)"/.test(agent)
}
