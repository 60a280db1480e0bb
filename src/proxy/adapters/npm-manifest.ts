import { posix } from 'node:path'
import { isFields, textsOf, type Fields } from './npm-packument.ts'
import type { Tarball } from './npm-tarball.ts'

/** What a registry says of a version, made of what its tarball holds: npm does the same when a package is published. */

/** The fields that the abbreviated format has. */
const abbreviated = [
  ...['name', 'version', 'dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'],
  ...['peerDependenciesMeta', 'bundleDependencies', 'bin', 'directories', 'engines', 'os', 'cpu', 'libc', 'funding'],
  ...['_hasShrinkwrap', 'hasInstallScript', 'dist'],
]

export function abbreviate(manifest: Fields): Fields {
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => abbreviated.includes(name)))
}

/** Also from `dependencies`, where npm lists optional ones a second time. */
export function withoutDependencies(manifest: Fields, names: ReadonlySet<string>): Fields {
  if (names.size === 0) return manifest
  const less = ['dependencies', 'optionalDependencies'].flatMap((field) => {
    if (manifest[field] === undefined) return []
    const kept = Object.entries(textsOf(manifest[field])).filter(([name]) => !names.has(name))
    return [[field, Object.fromEntries(kept)] as const]
  })
  return { ...manifest, ...Object.fromEntries(less) }
}

export interface Published {
  readonly name: string
  readonly version: string
  readonly url: string
}

/** @param published What the lock says; a registry does not believe the tarball on it either. */
export function manifestOf({ name, version, url }: Published, tarball: Tarball): Fields {
  const { fields, files, integrity, shasum } = tarball
  const { bundledDependencies, ...kept } = fields
  const isGyp = files.includes('binding.gyp') && fields['gypfile'] !== false
  const manifest: Record<string, unknown> = {
    ...kept,
    _id: `${name}@${version}`,
    name,
    version,
    ...dependenciesOf(fields),
    bundleDependencies: bundledOf(fields['bundleDependencies'] ?? bundledDependencies, fields['dependencies']),
    bin: binOf(name, tarball),
    ...(isGyp ? { gypfile: true } : {}),
    _hasShrinkwrap: files.includes('npm-shrinkwrap.json'),
    hasInstallScript: isGyp || runsAtInstall(fields['scripts']) || undefined,
    dist: { integrity, shasum, tarball: url },
  }
  return Object.fromEntries(Object.entries(manifest).filter(([, value]) => value !== undefined))
}

const dependencyFields = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'] as const

function dependenciesOf(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(dependencyFields.map((field) => [field, namedRanges(fields[field])]))
}

/** Packages of npm's first years list dependencies as `['name@range']` or `'name range, name'`. */
function namedRanges(value: unknown): Record<string, string> | undefined {
  if (isFields(value)) return textsOf(value)
  const list = typeof value === 'string' ? value.split(/,\s*|\n/) : Array.isArray(value) ? value : []
  const pairs = list.flatMap((item: unknown) => {
    const [, name, range = ''] = /^\s*(@?[^\s@]+)[\s@]*(.*?)\s*$/.exec(typeof item === 'string' ? item : '') ?? []
    return name === undefined ? [] : [[name, range] as const]
  })
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}

function bundledOf(value: unknown, dependencies: unknown): string[] | undefined {
  if (value === true) return Object.keys(textsOf(dependencies))
  if (isFields(value)) return Object.keys(value)
  const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
  return names.length > 0 ? names : undefined
}

function binOf(name: string, { fields, files }: Tarball): unknown {
  const { bin, directories } = fields
  if (typeof bin === 'string') return { [name.slice(name.indexOf('/') + 1)]: bin }
  if (bin !== undefined) return bin
  const directory = isFields(directories) ? directories['bin'] : undefined
  if (typeof directory !== 'string') return undefined
  const prefix = `${posix.normalize(directory).replace(/^\/+|\/+$/g, '')}/`
  const inside = files.filter((file) => file.startsWith(prefix) && !posix.basename(file).startsWith('.'))
  return Object.fromEntries(inside.map((file) => [posix.basename(file), file]))
}

function runsAtInstall(scripts: unknown): boolean {
  const named = textsOf(scripts)
  return ['preinstall', 'install', 'postinstall'].some((script) => named[script] !== undefined)
}
