/** Settings for what a build fetches over ssh. They are sealed, and no application gets them. */

/** What every setting of this kind begins with. */
const prefix = 'BERTH_SSH_'

/** Lines of known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export const knownHostsSetting = `${prefix}KNOWN_HOSTS`

/**
 * The setting with a private key.
 * @param id As in `RUN --mount=type=ssh,id=…`.
 */
export function sshKeySetting(id = 'default'): string {
  const name = `${prefix}KEY`
  return id === 'default' ? name : `${name}_${id.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
}

/** Whether a setting is for builds alone. */
export function isBuildSetting(name: string): boolean {
  return name.startsWith(prefix)
}
