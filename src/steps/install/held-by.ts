import * as pep440 from '@renovatebot/pep440'
import { satisfies } from 'semver'
import type { Artifact, Lock } from '../../model/lock.ts'
import type { Newest } from '../../proxy/newest/index.ts'

/**
 * What keeps a newer version from being installed, beside the lock: the Python of the image, or a line of the source.
 * @returns undefined when nothing is known to; other packages may all the same
 */
export function heldBy(lock: Lock, { kind, name, part }: Artifact, newest: Newest): string | undefined {
  const { version, requiresPython } = newest
  if (kind === 'npm' && part === 'toolchain') return heldByToolchain(lock, name, version)
  const python = pythonVersion(lock)
  if (requiresPython !== undefined && python !== undefined && !pythonFits(python, requiresPython)) {
    return `Python ${python}: it needs ${requiresPython}`
  }
  const line = lock.inputs.find((input) => input.file !== 'berth.toml' && input.name === name)
  if (!line || allows(kind, line.value, version)) return undefined
  return kind === 'npm' ? line.file : `${line.value} in ${line.file}`
}

/** The program of Node is chosen by the manifest, npm by berth. */
function heldByToolchain(lock: Lock, name: string, version: string): string | undefined {
  if (name === 'npm') return 'berth'
  const range = lock.inputs.find((input) => input.file === 'berth.toml' && input.name === 'node')?.value
  return range === undefined || satisfies(version, range) ? undefined : `node ${range} in berth.toml`
}

function allows(kind: Artifact['kind'], wanted: string, version: string): boolean {
  if (kind === 'pypi') return pep440.validRange(wanted) && pep440.satisfies(version, wanted)
  return wanted.split(' ').includes(version)
}

function pythonFits(python: string, required: string): boolean {
  return !pep440.validRange(required) || pep440.satisfies(python, required)
}

/** Whole where Debian's package tells it, such as `3.11.2`. */
function pythonVersion({ inputs, artifacts }: Lock): string | undefined {
  const minor = inputs.find(({ file, name }) => file === 'berth.toml' && name === 'python')?.value
  const deb = artifacts.find(({ kind, name }) => kind === 'deb' && name === `python${minor ?? ''}`)
  return /^\d+(\.\d+)*/.exec(deb?.version ?? '')?.[0] ?? minor
}
