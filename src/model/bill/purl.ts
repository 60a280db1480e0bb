import { PackageURL } from 'packageurl-js'
import type { Artifact, Lock } from '../lock.ts'
import { decoded, packageArchitecture, sourcePackageOf, suiteOf } from '../packages/debian-source.ts'

/** What artifacts are called elsewhere: package URLs (ECMA-427), by which scanners find them. */

export function purlOf(artifact: Artifact, lock: Lock): string {
  const { kind, name, version } = artifact
  switch (kind) {
    case 'deb':
      return write('deb', 'debian', name, version, debianQualifiers(artifact, lock))
    case 'pypi':
      return write('pypi', undefined, name, version)
    case 'npm':
      return write('npm', ...splitName(name), version)
    case 'go':
      return write('golang', ...splitName(name), version)
    case 'git':
      return write('generic', undefined, lastPart(name), version, { vcs_url: `git+${artifact.url}` })
    case 'http':
      return write('generic', undefined, lastPart(artifact.url), undefined, {
        checksum: `sha256:${artifact.sha256}`,
        download_url: artifact.url,
      })
    case 'image':
      return write('oci', undefined, lastPart(name).toLowerCase(), `sha256:${artifact.sha256}`)
    default:
      return kind satisfies never
  }
}

/** An image of berth's own. */
export function imagePurl(app: string, digest: string): string {
  return write('oci', undefined, app, digest)
}

function debianQualifiers({ name, url }: Artifact, lock: Lock): Record<string, string> {
  const suite = suiteOf(lock)
  const source = sourcePackageOf(url)
  const architecture = packageArchitecture(url)
  return {
    ...(architecture === undefined ? {} : { arch: architecture }),
    ...(suite === undefined ? {} : { distro: suite }),
    ...(source === undefined || source === name ? {} : { upstream: source }),
  }
}

/** `@scope/name` and `example.org/team/name` as namespace and name. */
function splitName(name: string): [namespace: string | undefined, name: string] {
  const at = name.lastIndexOf('/')
  return at < 0 ? [undefined, name] : [name.slice(0, at), name.slice(at + 1)]
}

function lastPart(text: string): string {
  const path = text.replace(/[?#].*$/, '').replace(/\/+$/, '')
  return decoded(path.slice(path.lastIndexOf('/') + 1)).replace(/\.git$/, '') || 'file'
}

function write(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string | undefined,
  qualifiers?: Record<string, string>,
): string {
  return new PackageURL(type, namespace, name, version, qualifiers, undefined).toString()
}
