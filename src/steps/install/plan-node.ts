import { intersects, minVersion, subset, validRange } from 'semver'
import { z } from 'zod'
import type { LockedInput } from '../../model/lock.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { BuildCommand, LayerPlan } from '../../model/plan.ts'
import {
  architectureUnsupported,
  fileMissing,
  fileUnreadable,
  lockfileMissing,
  nodeVersionUnclear,
} from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'
import { pathWith } from './plan-python.ts'
import type { LanguagePlan } from './language-plan.ts'
import { argvOf, nodeCommand } from './start-command.ts'

const PackageDescription = z.object({
  main: z.string().optional(),
  scripts: z.object({ start: z.string().optional() }).optional(),
  engines: z.object({ node: z.string().optional() }).optional(),
})

const LockFile = z.object({
  lockfileVersion: z.number().optional(),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      dev: z.boolean().optional(),
    }),
  ),
})

const defaultMajor = '24'
const prefix = '/usr/local'
const npmDirectory = `${prefix}/lib/node_modules/npm`

/** Node itself is linked with these, and no Debian base has them. */
const nodeLibraries = ['libstdc++6', 'libatomic1']

/**
 * Node: its libraries, Node, npm for the build alone, then `node_modules`.
 * @throws lockfile-missing, install-file-unreadable, node-version-unclear, architecture-unsupported, no-start-command
 */
export function planNode(manifest: Manifest, facts: TreeFacts): LanguagePlan {
  const { install, start } = manifest
  const described = describeNode(facts)
  if (!facts.files.has('package-lock.json')) throw lockfileMissing({ beside: 'package.json' })
  const range = install.node ?? described.range
  const libraries = [...nodeLibraries, ...install.apt]
  return {
    suite: install.base?.slice('debian:'.length) ?? 'bookworm',
    layers: [
      {
        kind: 'packages',
        part: 'runtime',
        title: ['libraries for Node', ...install.apt].join(' '),
        names: libraries,
        keep: true,
      },
      nodeLayer(range, facts.architecture, 'program'),
      ...(install.scripts.length === 0 ? [] : [nodeLayer(range, facts.architecture, 'headers')]),
      ...buildToolLayers(install.build_apt),
      modulesLayer(manifest, facts),
    ],
    inputs: [{ file: 'berth.toml', name: 'node', value: range }, ...lockedPackages(facts)],
    exclude: ['/node_modules'],
    argv: argvOf(start.command ?? nodeCommand(facts, described.start)),
    env: { PATH: pathWith('/app/node_modules/.bin'), NODE_ENV: 'production' },
  }
}

/** Which Node the tree asks for, and what its package.json says of its start. */
export function describeNode(facts: TreeFacts): { range: string; start: { start?: string; main?: string } } {
  const description = parse(facts, 'package.json', PackageDescription)
  return { range: rangeFor(description.engines?.node), start: startOf(description) }
}

/** Every package of package-lock.json that will be installed, with its version. */
function lockedPackages(facts: TreeFacts): LockedInput[] {
  const { packages } = parse(facts, 'package-lock.json', LockFile)
  const versions = new Map<string, string[]>()
  for (const [path, { version, dev }] of Object.entries(packages)) {
    if (path === '' || dev === true || version === undefined) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    versions.set(name, [...(versions.get(name) ?? []), version])
  }
  return [...versions].map(([name, all]) => ({
    file: 'package-lock.json',
    name,
    value: [...new Set(all)].sort().join(' '),
  }))
}

/** npm packages with an install script that will not run, because the manifest does not list them. */
export function unrunScripts(manifest: Manifest, facts: TreeFacts): string[] {
  const lock = facts.texts.has('package-lock.json') ? parse(facts, 'package-lock.json', LockFile) : undefined
  const names = Object.entries(lock?.packages ?? {})
    .filter(([path, entry]) => path !== '' && entry.hasInstallScript === true && entry.dev !== true)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
  return [...new Set(names)].filter((name) => !manifest.install.scripts.includes(name)).sort()
}

/** Node for the image, or the headers that its install scripts compile native modules with. */
function nodeLayer(range: string, architecture: string, part: 'program' | 'headers'): LayerPlan {
  if (architecture !== 'x64' && architecture !== 'arm64') throw architectureUnsupported({ architecture })
  const name = `node-linux-${architecture}`
  if (part === 'headers') {
    const take = [{ from: 'package/include', to: `${prefix}/include` }]
    return { kind: 'archive', title: `headers of Node ${range}`, archive: { name, range, take }, keep: false }
  }
  const take = [{ from: 'package/bin/node', to: `${prefix}/bin/node` }]
  return { kind: 'archive', title: `Node ${range}`, archive: { name, range, take }, keep: true }
}

function buildToolLayers(packages: readonly string[]): LayerPlan[] {
  const tools: LayerPlan[] =
    packages.length === 0
      ? []
      : [{ kind: 'packages', part: 'build', title: `build tools ${packages.join(' ')}`, names: packages, keep: false }]
  const archive = { name: 'npm', range: '11', take: [{ from: 'package', to: npmDirectory }] }
  return [...tools, { kind: 'archive', title: 'npm 11', archive, keep: false }]
}

function modulesLayer(manifest: Manifest, facts: TreeFacts): LayerPlan {
  const { scripts } = manifest.install
  const unrun = unrunScripts(manifest, facts)
  const rebuild = scripts.length === 0 ? [] : [npm(['rebuild', '--foreground-scripts', ...scripts])]
  return {
    kind: 'commands',
    title: 'npm packages of package-lock.json',
    commands: [npm(['ci', '--omit=dev', '--ignore-scripts']), ...rebuild],
    inputs: ['.npmrc', 'package-lock.json', 'package.json'].filter((path) => facts.files.has(path)),
    keep: true,
    notices: unrun.length === 0 ? [] : [unrunNotice(unrun)],
  }
}

function unrunNotice(names: readonly string[]): string {
  const listed = names.map((name) => `"${name}"`).join(', ')
  return `Install scripts of ${names.join(', ')} were not run; if they are needed: \`scripts = [${listed}]\` under \`[install]\``
}

function npm(args: readonly string[]): BuildCommand {
  return {
    argv: ['node', `${npmDirectory}/bin/npm-cli.js`, ...args],
    env: {
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
      npm_config_cache: '/tmp/npm',
      // node-gyp would fetch the headers from Node's own server.
      npm_config_nodedir: prefix,
    },
  }
}

/**
 * The range of `engines.node`, narrowed to one major: an open one, such as `>=18`, means the default as long as that
 * satisfies it.
 */
function rangeFor(engines: string | undefined): string {
  if (engines === undefined) return defaultMajor
  const range = validRange(engines)
  if (range === null) throw nodeVersionUnclear({ range: engines })
  const lowest = minVersion(range)?.major ?? Number(defaultMajor)
  if (subset(range, `${lowest}.x`)) return engines
  return intersects(range, `${defaultMajor}.x`) ? defaultMajor : String(lowest)
}

function startOf(description: z.infer<typeof PackageDescription>): { start?: string; main?: string } {
  const { main, scripts } = description
  return { ...(scripts?.start === undefined ? {} : { start: scripts.start }), ...(main === undefined ? {} : { main }) }
}

function parse<Shape extends z.ZodType>(facts: TreeFacts, path: string, shape: Shape): z.infer<Shape> {
  const text = facts.texts.get(path)
  if (text === undefined) throw fileMissing({ path, namedBy: 'Node' })
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof z.ZodError ? (error.issues[0]?.message ?? 'wrong shape') : 'it is not JSON'
    throw fileUnreadable({ path, reason }, { cause: error })
  }
}
