import { problem } from '../problem.ts'

export const usage = problem('usage', {
  explain: `The command line was not understood. \`berth help\` lists the commands, \`berth help COMMAND\` one command's
arguments and options. The exit code is 2.`,
  text: ({ message, fix }: { message: string; fix: string }) => ({ message, fix }),
})

export const rootNeeded = problem('root-needed', {
  explain: `berth makes namespaces, mounts and network interfaces, and keeps secrets; all of that belongs to root. Its
socket therefore answers root alone.`,
  text: ({ what, command }: { what: string; command: string }) => ({
    message: `Cannot ${what}: only root may`,
    fix: `Run it as root: \`sudo ${command}\``,
  }),
})

export const daemonNotStarted = problem('daemon-not-started', {
  explain: `Commands talk to the berth daemon and start it when it does not run: through systemd where that is the init
system (\`journalctl -u berth\`), else by themselves, with its log in \`logs/daemon.log\` below BERTH_HOME.

It ended, or did not answer in time. Its last lines say why. \`berth serve\` runs it in the foreground.`,
  text: ({ why, log, lines }: { why: string; log: string; lines: readonly string[] }) => ({
    message: `Cannot start the berth daemon: ${why}`,
    fix: `See ${log}, or run \`berth serve\` to watch it; \`berth doctor\` tells what this host lacks`,
    ...(lines.length > 0 ? { lines } : {}),
  }),
})

export const daemonLost = problem('daemon-lost', {
  explain: `The connection to the daemon ended before the daemon said how the work went: it was stopped, or it crashed.
Applications keep serving without it, and what was under way is taken back when it starts again, which the next
command does.`,
  temporary: true,
  text: ({ work }: { work: string }) => ({
    message: `The berth daemon ended before it said how ${work} went`,
    fix: 'See what state things are in with `berth ps`, then try again',
  }),
})

export const daemonAnswerUnknown = problem('daemon-answer-unknown', {
  explain: `The daemon answered with something that this command does not understand. They are of different versions, or
another program listens on berth's socket.`,
  text: ({ request, status }: { request: string; status: number }) => ({
    message: `The daemon answered \`${request}\` with status ${status} and no explanation`,
    fix: 'Compare `berth --version` with `berth doctor`, and restart the daemon',
  }),
})

export const folderMissing = problem('folder-missing', {
  explain: `\`berth deploy\`, \`plan\`, \`build\` and \`init\` take the folder of an application; without one, the current
folder.`,
  text: ({ folder, found }: { folder: string; found: 'nothing' | 'file' }) => ({
    message:
      found === 'nothing' ? `There is no folder ${folder}` : `Cannot deploy ${folder}: it is a file, not a folder`,
    fix: 'Name the folder that holds the application',
  }),
})

export const sourceTooBig = problem('source-too-big', {
  explain: `A source tree may have 200,000 files and 2 GiB. More than that is mostly data or build output that was not
meant to be deployed: list it in \`.berthignore\` (same patterns as \`.gitignore\`), keep data in a volume.`,
  text: ({ folder, limit, largest }: { folder: string; limit: string; largest: string }) => ({
    message: `Cannot pack ${folder}: it has more than ${limit}; most of it is in \`${largest}\``,
    fix: `Leave out what the application does not need: add \`${largest}\` to \`.berthignore\``,
  }),
})

export const sourceUnreadable = problem('source-unreadable', {
  explain: `A file of the application cannot be read by the user who runs berth.`,
  text: ({ path, why }: { path: string; why: string }) => ({
    message: `Cannot pack ${path}: ${why}`,
    fix: 'Make it readable, or list it in `.berthignore`',
  }),
})

export const sourceNameUnusable = problem('source-name-unusable', {
  explain: `File names in a source tree must be UTF-8, so that the same tree has the same digest on every machine.`,
  text: ({ path }: { path: string }) => ({
    message: `Cannot pack ${path}: its name is not UTF-8`,
    fix: 'Rename it, or list its folder in `.berthignore`',
  }),
})

export const sourceChanged = problem('source-changed', {
  explain: `A file grew, shrank or went away while it was being packed. berth deploys a state of the folder that existed,
not a mixture of two.`,
  temporary: true,
  text: ({ path }: { path: string }) => ({
    message: `Cannot pack ${path}: it changed while it was read`,
    fix: 'Wait until nothing writes to the folder, then deploy again; list logs and the like in `.berthignore`',
  }),
})

export const gitAddressUnusable = problem('git-address-unusable', {
  explain: `berth fetches from \`https://\`, \`http://\`, \`ssh://\` and \`file://\` addresses, \`user@host:path\`, and
local paths. Other transports of git can run programs, so they are refused.`,
  text: ({ address }: { address: string }) => ({
    message: `Cannot retrieve from ${address}: it is not a git address that berth uses`,
    fix: 'Give an https, ssh or file address, such as `https://code.example.org/shop.git`',
  }),
})

export const gitTagMissing = problem('git-tag-missing', {
  explain: `A repository is deployed at a tag, which names one commit for good; a branch is another commit tomorrow. Name
it with \`--tag\`, or as \`tag\` in \`[retrieve]\`.`,
  text: ({ address, tags }: { address: string; tags: readonly string[] }) => ({
    message: `Cannot retrieve ${address} without a tag`,
    fix: tags.length > 0 ? `Add \`--tag\` and one of: ${tags.join(', ')}` : 'Tag a commit and push the tag',
  }),
})

export const gitTagUnknown = problem('git-tag-unknown', {
  explain: `The repository has no tag of that name. A branch of that name does not count: berth deploys tags, which do
not move.`,
  text: ({ address, tag, tags }: { address: string; tag: string; tags: readonly string[] }) => ({
    message: `${address} has no tag ${tag}`,
    fix: tags.length > 0 ? `Use one of its tags: ${tags.join(', ')}` : 'It has no tags at all; push one first',
  }),
})

export const gitUnreachable = problem('git-unreachable', {
  explain: `git could not read the repository: the address is wrong, the server does not answer, or it wants a password or
key that it was not given. berth never asks: use a deploy key with the ssh agent, or a token that git finds in
\`~/.netrc\`.`,
  temporary: true,
  text: ({ address, lines }: { address: string; lines: readonly string[] }) => ({
    message: `Cannot read the git repository ${address}`,
    fix: `Check that \`git ls-remote ${address}\` works for this user`,
    ...(lines.length > 0 ? { lines } : {}),
  }),
})

export const manifestExists = problem('manifest-exists', {
  explain: `\`berth init\` writes a first \`berth.toml\` from what it detects and never overwrites one.`,
  text: ({ path }: { path: string }) => ({
    message: `${path} exists already`,
    fix: 'Edit it, or move it away first; `berth plan` shows what it comes to',
  }),
})

export const manifestUnreadable = problem('manifest-unreadable', {
  explain: `\`berth.toml\` is not valid TOML.`,
  text: ({ path, line, why }: { path: string; line: number; why: string }) => ({
    message: `Cannot read ${path}: ${why}`,
    fix: 'Correct that line; docs/reference/manifest.md lists what may be written',
    at: `${path}:${line}`,
  }),
})

export const confirmationNeeded = problem('confirmation-needed', {
  explain: `The command takes something away for good and asks first. Without a terminal nobody can answer, so it wants
\`--yes\`.`,
  text: ({ what, command }: { what: string; command: string }) => ({
    message: `Not confirmed: ${what}`,
    fix: `Say so: \`${command}\``,
  }),
})

export const hostLacks = problem('host-lacks', {
  explain: `\`berth doctor\` lists what berth needs of the host, whether it is there, and how to get it.`,
  text: ({ missing }: { missing: readonly string[] }) => ({
    message: `This host lacks ${missing.join(', ')}`,
    fix: 'Get what can be installed with `sudo berth doctor --fix`',
  }),
})

export const asOfInvalid = problem('as-of-invalid', {
  explain: `\`--as-of\` takes a date, which means its first moment in UTC, or a time with its zone (RFC 3339).`,
  text: ({ text }: { text: string }) => ({
    message: `Cannot read the date ${text}`,
    fix: 'Write it as `2016-03-01` or `2016-03-01T12:00:00Z`',
  }),
})

export const lockUnwritable = problem('lock-unwritable', {
  explain: `The lock was made, and the daemon keeps it with the release, but \`berth.lock\` could not be written beside the
manifest. Without it the next machine resolves anew.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot write ${path}: ${reason}`,
    fix: `Make ${path} writable and run \`berth lock\``,
  }),
})

export const ownNamespacesImpossible = problem('own-namespaces-impossible', {
  explain: `An ordinary user's berth runs in user, mount and network namespaces of the user's own, where it is root over its own
things. That takes a kernel that lets ordinary users make user namespaces, subordinate ids in /etc/subuid and /etc/subgid
(newuidmap(1)), slirp4netns to lead out of the network, and /dev/net/tun open to all.

The container level alone can be given there, without limits of memory, processors and processes.`,
  text: ({ why, fix }: { why: string; fix: string }) => ({
    message: `Cannot make namespaces of your own: ${why}`,
    fix,
  }),
})
