import type { Manifest } from '../../model/manifest.ts'
import type { BuildCommand, LayerPlan } from '../../model/plan.ts'
import { baseConflict } from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'
import type { LanguagePlan } from './language-plan.ts'
import { readRequirements, type Requirements } from './requirements.ts'
import { argvOf, pythonCommand } from './start-command.ts'

type PythonVersion = NonNullable<Manifest['install']['python']>

interface PythonFacts {
  readonly suite: string
  readonly interpreter: string
  readonly packages: readonly string[]
  readonly buildPackages: readonly string[]
  /** What makes `venv` and installs into it, given pip's own arguments. */
  install(pipArguments: readonly string[]): BuildCommand[]
}

/** Where Debian has which Python, and how its environments are made. */
const pythons: Readonly<Record<PythonVersion, PythonFacts>> = {
  '2.7': {
    suite: 'bullseye',
    interpreter: 'python2.7',
    packages: ['python2.7'],
    // Debian's virtualenv carries pip 20.3.4, the last one for Python 2, as a wheel: nothing is fetched. The wheel of the
    // security archive will not do: its patch for CVE-2023-5752 is in the syntax of Python 3.
    buildPackages: ['virtualenv', 'python-pip-whl/bullseye', 'python3-pip/bullseye'],
    install: (pipArguments) => [
      command(['virtualenv', '--quiet', '--python=python2.7', 'venv']),
      command([...ownPip, ...pipArguments], pipEnvironment),
    ],
  },
  '3.9': {
    suite: 'bullseye',
    interpreter: 'python3.9',
    packages: ['python3'],
    buildPackages: ['python3-venv'],
    install: (pipArguments) => [
      command(['python3.9', '-m', 'venv', 'venv']),
      command([...ownPip, ...pipArguments], pipEnvironment),
    ],
  },
  '3.11': modernPython('bookworm', '3.11'),
  '3.13': modernPython('trixie', '3.13'),
}

/**
 * pip stays outside of the environment, and so of the image: nothing could be installed there anyhow, and putting it in
 * and compiling it took longer than all else.
 */
function modernPython(suite: string, version: string): PythonFacts {
  const python = `python${version}`
  const script = [
    `${python} -m venv --without-pip venv`,
    `${python} -m zipfile -e /usr/share/python-wheels/pip-*.whl /tmp/pip`,
    'PYTHONPATH=/tmp/pip exec venv/bin/python -m pip "$@"',
  ].join(' && ')
  return {
    suite,
    interpreter: python,
    packages: ['python3'],
    buildPackages: ['python3-pip-whl'],
    install: (pipArguments) => [command(['/bin/sh', '-ec', script, 'pip', ...pipArguments], pipEnvironment)],
  }
}

const defaultVersions: Readonly<Record<string, PythonVersion>> = { bullseye: '3.9', bookworm: '3.11', trixie: '3.13' }

/**
 * Python: the interpreter, then what only the build needs, then the environment in `/app/venv`.
 * @throws baseConflict, install-file-missing, no-start-command
 */
export function planPython(manifest: Manifest, facts: TreeFacts): LanguagePlan {
  const { install, start } = manifest
  const version = versionFor(install)
  const python = pythons[version]
  const path = install.requirements ?? 'requirements.txt'
  const requirements = readRequirements(requirementFiles(install, path), facts)
  return {
    suite: python.suite,
    layers: [
      {
        kind: 'packages',
        part: 'runtime',
        title: [python.interpreter, ...install.apt].join(' '),
        names: [...python.packages, ...install.apt],
        keep: true,
      },
      {
        kind: 'packages',
        part: 'build',
        title: ['build tools', ...install.build_apt].join(' '),
        names: [...python.buildPackages, ...install.build_apt],
        keep: false,
      },
      environmentLayer({ version, python, path, constraints: install.constraints, requirements }),
    ],
    inputs: [{ file: 'berth.toml', name: 'python', value: version }, ...requirements.lines],
    exclude: ['/venv', '/.venv', '__pycache__', '*.pyc'],
    argv: argvOf(start.command ?? pythonCommand(facts, requirements.names)),
    env: { PATH: pathWith('/app/venv/bin'), PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
  }
}

function versionFor({ base, python }: Manifest['install']): PythonVersion {
  const suite = base?.slice('debian:'.length)
  if (python === undefined) return (suite && defaultVersions[suite]) || '3.11'
  const fitting = pythons[python].suite
  if (base !== undefined && suite !== fitting) throw baseConflict({ base, python, fitting })
  return python
}

function requirementFiles({ constraints, requirements }: Manifest['install'], path: string) {
  const namedBy = '`requirements` in berth.toml'
  return [
    { path, namedBy: requirements === undefined ? 'Python' : namedBy },
    ...(constraints === undefined ? [] : [{ path: constraints, namedBy: '`constraints` in berth.toml' }]),
  ]
}

interface Environment {
  readonly version: PythonVersion
  readonly python: PythonFacts
  readonly path: string
  readonly constraints: string | undefined
  readonly requirements: Requirements
}

function environmentLayer({ version, python, path, constraints, requirements }: Environment): LayerPlan {
  const constrained = constraints === undefined ? [] : ['--constraint', constraints]
  const install = ['install', '--no-compile', '--no-cache-dir', '--requirement', path]
  return {
    kind: 'commands',
    title: `Python packages of ${path}`,
    commands: [
      ...python.install([...install, ...constrained]),
      ...(version === '2.7' ? compilePython2 : compilePython3),
    ],
    // The files that pip reads and no others: a changed line of the application does not install anything again.
    inputs: requirements.needsTree ? ['.'] : requirements.files,
    keep: true,
  }
}

const ownPip = ['venv/bin/python', '-m', 'pip'] as const

const pipEnvironment = {
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  PIP_PROGRESS_BAR: 'off',
  PIP_NO_PYTHON_VERSION_WARNING: '1',
  // Debug information would hold the random name of the directory that a wheel is built in.
  CFLAGS: '-g0',
}

/** Files that are not for this Python version do not compile, which is no failure: nothing imports them. */
const compilePython3 = [
  command([
    ...['/bin/sh', '-c'],
    'venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash venv/lib >/dev/null 2>&1 || true',
  ]),
]

/** Byte-code of Python 2 holds its source's time, so that comes first; listings are sorted for the same order. */
const compilePython2 = [
  command(['/bin/sh', '-c', 'find venv -exec touch --no-dereference --date=@$SOURCE_DATE_EPOCH {} +']),
  command([
    ...['/bin/sh', '-c'],
    "find venv/lib -name '*.py' -type f | LC_ALL=C sort | venv/bin/python -m compileall -q -f -i - >/dev/null 2>&1 || true",
  ]),
]

function command(argv: readonly string[], env: Readonly<Record<string, string>> = {}): BuildCommand {
  return { argv, env }
}

/** The search path of the image with a directory of the application in front. */
export function pathWith(directory: string): string {
  return `${directory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
}
