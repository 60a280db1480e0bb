import { git } from '../adapters/git-server.ts'
import { pythonApp } from './apps.ts'
import type { SshServer } from './ssh-server.ts'

/** Repositories on a server, and applications that fetch them over ssh in every way that there is. */

/** Commits that the applications have to come to. */
export interface Commits {
  readonly tool: string
  readonly lib: string
  readonly parts: string
}

/** `tool` is a package of Python, `lib` one of npm, both with a tag `v1` before their latest commit; `parts` has `lib` in it. */
export function fill(server: SshServer): Promise<Commits> {
  return server.edit(async (repositories) => {
    const pyproject = '[project]\nname = "tool"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["tool"]\n'
    const tool = await repositories.create('tool.git')
    await repositories.commit(tool, 'pyproject.toml', pyproject)
    const commits = { tool: await repositories.commit(tool, 'tool.py', "said = 'over ssh'\n", ['tag', 'v1']) }
    await repositories.commit(tool, 'tool.py', "said = 'later'\n")
    const lib = await repositories.create('lib.git')
    await repositories.commit(lib, 'package.json', '{ "name": "lib", "version": "1.0.0", "main": "lib.js" }\n')
    const released = await repositories.commit(lib, 'lib.js', "module.exports = 'over ssh'\n", ['tag', 'v1'])
    await repositories.commit(lib, 'lib.js', "module.exports = 'later'\n")
    const parts = await repositories.create('parts.git')
    await git(parts, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../lib.git', 'lib'])
    const whole = await repositories.commit(parts, 'notes', 'with a part')
    return { ...commits, lib: released, parts: whole }
  })
}

/** Every way in which a Dockerfile can name a repository over ssh. */
export function dockerfileApp({ address, folder }: SshServer): Record<string, string> {
  const lines = [
    'FROM debian:bookworm-slim',
    'RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client',
    `RUN git clone --depth 1 --branch v1 ssh://git@${address}/~/tool.git /srv/tool`,
    `RUN --mount=type=ssh git clone git@${address}:lib.git /srv/lib`,
    // Rules of git apply once: this one leads to a command for ssh.
    `RUN --mount=type=ssh,id=team,required git config --global url."git@${address}:".insteadOf https://code.example.org/ \\`,
    ' && git clone --recurse-submodules https://code.example.org/parts.git /srv/parts',
    `RUN git -c protocol.version=0 clone ssh://git@${address}:22${folder}/home/lib.git /srv/whole`,
    `ADD git@${address}:tool.git#v1 /srv/added`,
    `ADD --keep-git-dir=true ssh://git@${address}/~/parts.git /srv/kept`,
    'USER 1234',
    'RUN --mount=type=ssh,uid=1234 --mount=type=ssh,target=/run/other,mode=0666 <<END',
    ' set -e',
    ' test "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0 && test -S "$SSH_AUTH_SOCK" && test -S /run/other',
    ' test "$(stat -c %u:%a "$SSH_AUTH_SOCK")" = 1234:600',
    ' for socket in "$SSH_AUTH_SOCK" /run/other; do',
    '  code=0; SSH_AUTH_SOCK=$socket ssh-add -l || code=$?',
    '  test $code = 1',
    ' done',
    'END',
    `RUN ! git push ssh://git@${address}/~/tool.git HEAD:evil 2>/dev/null && ! ssh git@${address} true`,
    'CMD ["true"]',
  ]
  return { Dockerfile: lines.join('\n'), 'berth.toml': 'name = "ways"\n' }
}

/** A requirement of pip, in an application that shows what it was given. */
export function pipApp({ address }: SshServer): Record<string, string> {
  const code = "import tool\nPAGES['/said'] = lambda: tool.said\nPAGES['/names'] = lambda: ' '.join(os.environ)"
  return {
    ...pythonApp({ name: 'pip', code, manifest: '[install]\nbuild_apt = ["git"]\n' }),
    'requirements.txt': `tool @ git+ssh://git@${address}/~/tool.git@v1\n`,
  }
}

/** A dependency of npm, as its lock file names it. */
export function npmApp({ address }: SshServer, { lib }: Commits): Record<string, string> {
  const url = `git+ssh://git@${address}/~/lib.git`
  const packages = {
    '': { name: 'shop', dependencies: { lib: `${url}#v1` } },
    'node_modules/lib': { version: '1.0.0', resolved: `${url}#${lib}` },
  }
  const page = "require('http').createServer((_, answer) => answer.end(require('lib'))).listen(process.env.PORT)"
  return {
    'package.json': JSON.stringify(packages['']),
    'package-lock.json': JSON.stringify({ name: 'shop', lockfileVersion: 3, requires: true, packages }),
    'index.js': page,
    'berth.toml': 'name = "npm"\n[install]\nbuild_apt = ["git"]\n[start]\ncommand = "node index.js"\n',
  }
}
