import { join } from 'node:path'
import { CommandFailed } from '../../host/command.ts'
import { writeFile } from '../../host/files.ts'
import { startSshAgent, type SshAgent } from '../../host/ssh-agent.ts'
import { sshHostUnknown, sshKeyMissing, sshKeyUnusable, sshRefused } from '../../model/problems/git-ssh.ts'
import { downloadFailed } from '../../model/problems/install.ts'
import type { SshAccess } from '../adapter.ts'
import type { GitRemote } from './git-repository.ts'
import type { SshAddress } from './git-ssh-address.ts'

/**
 * Lets the host's git fetch a repository over ssh, with the operator's key in an agent that lives for as long as that takes,
 * and from no server whose key is not known.
 * @throws sshKeyMissing, sshKeyUnusable, sshHostUnknown, sshRefused, downloadFailed, Refused
 */
export async function throughSsh<Result>(
  address: SshAddress,
  access: SshAccess,
  work: (remote: GitRemote) => Promise<Result>,
): Promise<Result> {
  const keys = await access.keys()
  if (keys.length === 0) throw sshKeyMissing({ what: `fetch ${address.url}`, setting: access.names[0] ?? '' })
  const server = await access.addressOf(address.host)
  await using agent = await startSshAgent()
  for (const { name, key } of keys) {
    await agent.add(key).catch((error: unknown) => {
      if (!(error instanceof CommandFailed)) throw error
      const reason = /passphrase/.test(error.stderr) ? 'it has a passphrase' : 'it is no private key'
      throw sshKeyUnusable({ setting: name, reason }, { cause: error })
    })
  }
  const known = join(agent.directory, 'known_hosts')
  await writeFile(known, `${await access.knownHosts()}\n`)
  try {
    return await work(remoteOf(address, { server, agent, known }))
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    throw explain(error, address, access)
  }
}

interface Way {
  /** An IP address that a build may reach. */
  readonly server: string
  readonly agent: SshAgent
  /** A file of known hosts. */
  readonly known: string
}

function remoteOf({ user, host, port, path }: SshAddress, { server, agent, known }: Way): GitRemote {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: known,
    GlobalKnownHostsFile: '/etc/ssh/ssh_known_hosts',
    UpdateHostKeys: 'no',
    // The address has been checked; the name could mean another one a moment later.
    HostName: server,
    HostKeyAlias: port === 22 ? host : `[${host}]:${port}`,
    CheckHostIP: 'no',
    IdentityAgent: agent.socketPath,
    IdentityFile: 'none',
    PreferredAuthentications: 'publickey',
    ClearAllForwardings: 'yes',
    ControlPath: 'none',
    ConnectTimeout: '30',
    ServerAliveInterval: '15',
  }
  const words = ['ssh', '-F', '/dev/null', '-a', '-x', '-p', String(port)]
  for (const [name, value] of Object.entries(options)) words.push('-o', `${name}=${value}`)
  const place = host.includes(':') ? `[${host}]` : host
  return {
    url: path.startsWith('/') ? `ssh://${user}@${place}${encodeURI(path)}` : `${user}@${place}:${path}`,
    environment: {
      GIT_ALLOW_PROTOCOL: 'ssh',
      GIT_SSH_COMMAND: words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '),
      GIT_SSH_VARIANT: 'ssh',
    },
  }
}

/** ssh ends with 255 whatever it was: its words are all there is. */
function explain(error: CommandFailed, { url, host, port }: SshAddress, { names }: SshAccess): Error {
  const { stderr } = error
  const options = { cause: error }
  const isChanged = /REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/.test(stderr)
  if (isChanged || /Host key verification failed/.test(stderr)) {
    return sshHostUnknown({ url, host, port, isChanged }, options)
  }
  if (/Permission denied \(/.test(stderr)) return sshRefused({ url, settings: names }, options)
  return downloadFailed({ url, reason: reasonIn(error) }, options)
}

/** Some of it are the server's own words. */
const longestReason = 300

/** git's last words are advice that fits nothing. */
const advice = /^(fatal: Could not read from remote repository|Please make sure you have|and the repository exists|$)/

function reasonIn({ stderr }: CommandFailed): string {
  const lines = stderr.split('\n').map((line) =>
    line
      .replaceAll(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, longestReason),
  )
  const telling = lines.filter((line) => !advice.test(line) && !/^(Warning|\*\*|remote: *$)/.test(line))
  return (telling.at(-1) ?? 'no answer').replace(/^(fatal|ERROR|error): /, '')
}
