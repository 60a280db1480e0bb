import { problem } from '../problem.ts'
import { knownHostsSetting } from '../ssh-settings.ts'

/** What can go wrong when a build fetches a repository over ssh. */

export const sshKeyMissing = problem('ssh-key-missing', {
  explain: `A build fetches over ssh with a private key that it never sees: berth logs in on its behalf, once, while the lock
is made. The key is a setting, \`BERTH_SSH_KEY\`; \`RUN --mount=type=ssh,id=NAME\` takes that of \`BERTH_SSH_KEY_NAME\` (in
capitals, with \`_\` for everything but letters and digits). Such settings are sealed, and no application gets them. Use a key
that can read these repositories and do nothing else, such as a deploy key. With a lock, neither key nor network is needed.`,
  text: ({ what, setting }: { what: string; setting: string }) => ({
    message: `Cannot ${what}: no key for ssh is set`,
    fix: `Pass a private key: \`berth lock --set ${setting}=- < KEY_FILE\`, or keep it: \`berth config set APP ${setting}=-\``,
  }),
})

export const sshKeyUnusable = problem('ssh-key-unusable', {
  explain: `The setting has to be the whole of a private key as \`ssh-keygen\` writes it, from \`-----BEGIN\` to
\`-----END …-----\`, without a passphrase: nobody is there who could type it. \`ssh-keygen -p\` makes a copy without one; a key of
its own for berth is better.`,
  text: ({ setting, reason }: { setting: string; reason: string }) => ({
    message: `Cannot use the key in ${setting}: ${reason}`,
    fix: `Set ${setting} to a private key without a passphrase: \`ssh-keygen -t ed25519 -N '' -f KEY_FILE\` makes one`,
  }),
})

export const sshHostUnknown = problem('ssh-host-unknown', {
  explain: `berth talks over ssh to no server whose key it was not told before: whoever is in between could pretend to be it.
Keys of servers come from the setting \`${knownHostsSetting}\` (lines as in a file \`known_hosts\`) and from this host's
\`/etc/ssh/ssh_known_hosts\`. Compare the fingerprint (\`ssh-keygen -lf FILE\`) with the one that the server's owner has
published. When the key is another one than before, the server was set up anew, or it is not the server.`,
  text: ({ url, host, port, isChanged }: { url: string; host: string; port: number; isChanged: boolean }) => {
    const scan = port === 22 ? `ssh-keyscan ${host}` : `ssh-keyscan -p ${port} ${host}`
    const why = isChanged
      ? 'the server has another key than the one that is known'
      : 'the key of the server is not known'
    return {
      message: `Cannot fetch ${url}: ${why}`,
      fix: `Check what \`${scan}\` prints, and pass it: \`--set ${knownHostsSetting}="$(${scan})"\``,
    }
  },
})

export const sshRefused = problem('ssh-refused', {
  explain: `The server takes none of the keys that berth offered, for this user. Its owner has to allow the public half of the
key: a deploy key of the repository, or a line in \`authorized_keys\`.`,
  text: ({ url, settings }: { url: string; settings: readonly string[] }) => ({
    message: `Cannot fetch ${url}: the server does not accept the key in ${settings.join(', ')}`,
    fix: 'Allow its public key on the server (`ssh-keygen -y -f KEY_FILE` prints it), or set another key',
  }),
})

export const sshAddressRefused = problem('ssh-address-refused', {
  explain: `A repository over ssh is \`ssh://USER@HOST/PATH\`, \`ssh://USER@HOST:PORT/PATH\` or \`USER@HOST:PATH\`. A user or a host
that begins with \`-\` would be an option of ssh, and a password does not belong in an address.`,
  text: ({ address, why }: { address: string; why: string }) => ({
    message: `Cannot fetch ${address} over ssh: ${why}`,
    fix: 'Write it as `ssh://git@HOST/PATH` or `git@HOST:PATH`',
  }),
})
