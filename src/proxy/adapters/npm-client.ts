/** What clients of npm's registry have to be told in a build, besides where the proxy is. */
export function npmEnvironment(mode: 'record' | 'replay'): Record<string, string> {
  return {
    // They would ask for the document of npm or pnpm itself, which then is missing from every lock.
    npm_config_update_notifier: 'false',
    // corepack wants the registry's signature, which is not in the tarball. The lock has the tarball's hash.
    ...(mode === 'replay' ? { COREPACK_INTEGRITY_KEYS: '0' } : {}),
  }
}
