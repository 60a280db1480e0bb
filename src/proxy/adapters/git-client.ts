import { scpGate, sshGate } from './git-ssh-address.ts'

/**
 * What git has to be told in a build so that it fetches over ssh by way of the proxy (git-config(1), `url.*.insteadOf`):
 * addresses as nearly everybody writes them are asked for over HTTP at once, and the script stands in for ssh for all others.
 */
export function gitEnvironment(scriptPath: string): Record<string, string> {
  const rules = [
    [`url.${sshGate}.insteadOf`, 'ssh://'],
    [`url.${scpGate}.insteadOf`, 'git@'],
  ]
  return {
    GIT_CONFIG_COUNT: String(rules.length),
    ...Object.fromEntries(
      rules.flatMap(([key = '', value = ''], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    GIT_SSH_COMMAND: `sh ${scriptPath}`,
    GIT_SSH_VARIANT: 'ssh',
  }
}

/**
 * Stands in for ssh: other users than `git`, a git older than 2.31, addresses that a rule of the build's own has made. It
 * fetches the whole repository by HTTP, and serves git out of that.
 */
export const gitSshScript = `# What git runs instead of ssh: a build has no network, but berth's proxy fetches repositories over ssh.
set -eu
port=
while [ $# -gt 0 ]; do
  case $1 in
    -p) port=:$2; shift 2 ;;
    -[a-zA-Z]) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
[ $# -ge 2 ] || { echo 'berth: a build has no network; only git gets through' >&2; exit 255; }
host=$1
shift
# git quotes the path for a shell.
eval "set -- $*"
case $1 in
  git-upload-pack) path=$2 ;;
  *) echo "berth: a build only reads, so there is no $1" >&2; exit 255 ;;
esac
case $path in
  /*) ;;
  '~'*) path=/$path ;;
  *) path=/~/$path ;;
esac
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
GIT_ALLOW_PROTOCOL=http git clone --quiet --mirror "${sshGate}$host$port$path" "$copy/copy.git" >&2
git upload-pack "$copy/copy.git"
`
