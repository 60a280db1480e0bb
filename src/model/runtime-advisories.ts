import type { RuntimeAdvisory } from './audit.ts'

/** Which vulnerabilities of runc a version has, by what its releases and Debian's changelogs say. */

interface Advisory {
  readonly cve: string
  readonly title: string
  /** The first release of each series that mends it; later series never had it. */
  readonly fixed: readonly string[]
  /** Packages of Debian that mend an older release. */
  readonly mended: readonly string[]
}

const advisories: readonly Advisory[] = [
  {
    cve: 'CVE-2019-5736',
    title: "a container writes over the runtime's own program",
    fixed: ['1.0.0-rc7'],
    mended: [],
  },
  {
    cve: 'CVE-2024-21626',
    title: 'a working directory that the runtime left open leads to the host',
    fixed: ['1.1.12'],
    mended: ['1.1.5+ds1-1+deb12u1', '1.0.0~rc93+ds1-5+deb11u3'],
  },
  {
    cve: 'CVE-2025-31133',
    title: 'masked paths are led elsewhere by what stands in for /dev/null',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    mended: [],
  },
  {
    cve: 'CVE-2025-52565',
    title: 'the mount of /dev/console is led elsewhere',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    mended: [],
  },
  {
    cve: 'CVE-2025-52881',
    title: 'writes of labels are led to other files of /proc',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    mended: [],
  },
  {
    cve: 'CVE-2026-41579',
    title: 'an image whose /dev is a symbolic link',
    fixed: ['1.3.6', '1.4.3', '1.5.0'],
    mended: [],
  },
]

/** Packages of Debian whose changelog is known to end before an advisory that its release has. */
const readToTheirEnd: readonly string[] = ['1.1.5+ds1-1+deb12u1', '1.1.5+ds1-1']

/**
 * @param version As `runc --version` says it, such as `1.1.5+ds1` or `1.4.0-rc.2`.
 * @param packaged The version of Debian's package, where it is one.
 */
export function advisoriesOfRunc(version: string, packaged?: string): RuntimeAdvisory[] {
  return advisories.map(({ cve, title, fixed, mended }) => ({
    ...{ cve, title, fixedIn: fixed.join(', ') },
    state: stateOf({ version, packaged, fixed, mended }),
  }))
}

function stateOf({
  version,
  packaged,
  fixed,
  mended,
}: Pick<Advisory, 'fixed' | 'mended'> & { version: string; packaged: string | undefined }): RuntimeAdvisory['state'] {
  const own = parseVersion(version)
  if (!own) return 'unknown'
  if (isFixed(own, fixed)) return 'fixed'
  if (packaged === undefined) return 'open'
  if (mended.includes(packaged)) return 'fixed'
  return readToTheirEnd.includes(packaged) ? 'open' : 'unknown'
}

function isFixed(own: Version, fixed: readonly string[]): boolean {
  const known = fixed.flatMap((text) => parseVersion(text) ?? [])
  const sameSeries = known.find(({ series }) => series[0] === own.series[0] && series[1] === own.series[1])
  if (sameSeries) return compare(own, sameSeries) >= 0
  return known.every((each) => compare(own, each) > 0)
}

interface Version {
  readonly series: readonly [number, number, number]
  /** Of a release candidate; infinite for a release. */
  readonly candidate: number
}

/** `1.1.5+ds1`, `1.0.0~rc93`, `1.4.0-rc.2`; undefined for what is none of that. */
function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[-~.]?rc\.?(\d+))?/.exec(text.trim())
  if (!match) return undefined
  const [, major, minor, patch, candidate] = match
  return {
    series: [Number(major), Number(minor), Number(patch)],
    candidate: candidate === undefined ? Infinity : Number(candidate),
  }
}

function compare(one: Version, other: Version): number {
  const parts = one.series.map((part, index) => part - (other.series[index] ?? 0))
  const difference = parts.find((part) => part !== 0)
  if (difference !== undefined) return difference
  return one.candidate === other.candidate ? 0 : one.candidate - other.candidate
}
