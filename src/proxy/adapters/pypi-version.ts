/** Versions of Python packages (PEP 440), and the older ones that follow no rule. */

/** Epoch, release, pre-release, post-release in both spellings, development release, local label. */
const pattern = new RegExp(
  [
    String.raw`^v?(?:(\d+)!)?(\d+(?:\.\d+)*)`,
    String.raw`(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?`,
    String.raw`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?`,
    String.raw`(?:[-_.]?(dev)[-_.]?(\d*))?`,
    String.raw`(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$`,
  ].join(''),
  'i',
)

const longest = 200

/** Numbers have any number of digits: a date with a time down to microseconds is one. */
interface Version {
  readonly epoch: bigint
  readonly release: readonly bigint[]
  readonly pre?: readonly [letter: 'a' | 'b' | 'rc', number: bigint]
  readonly post?: bigint
  readonly dev?: bigint
  readonly local?: string
}

/** Whether PEP 440 knows a version of this form. */
export function isVersion(text: string): boolean {
  return parse(text) !== undefined
}

/** One spelling for all that mean the same: `1.0-RC1` is `1.0rc1`. What PEP 440 does not know stays as it is. */
export function normaliseVersion(text: string): string {
  const version = parse(text)
  return version ? write(version) : text.trim()
}

/** Equal for versions that are the same one: `1.0` and `1.0.0`. */
export function versionKey(text: string): string {
  const version = parse(text)
  return version ? write({ ...version, release: withoutZeros(version.release) }) : text.trim().toLowerCase()
}

/** Whether a client takes it only when asked for. */
export function isPreRelease(text: string): boolean {
  const version = parse(text)
  return version === undefined || version.pre !== undefined || version.dev !== undefined
}

/** Orders versions as PEP 440 does; what it does not know comes first. Local labels are compared as text. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [parse(one), parse(other)]
  if (!left || !right) return Number(left !== undefined) - Number(right !== undefined) || compareText(one, other)
  return compareLists(orderOf(left), orderOf(right)) || compareText(left.local ?? '', right.local ?? '')
}

function parse(text: string): Version | undefined {
  const match = text.length > longest ? null : pattern.exec(text.trim())
  if (!match) return undefined
  const [, epoch, release = '', letter, pre, implicitPost, post, postNumber, dev, devNumber, local] = match
  return {
    epoch: BigInt(epoch ?? 0),
    release: release.split('.').map(BigInt),
    ...(letter === undefined ? {} : { pre: [letterOf(letter), BigInt(pre ?? 0)] }),
    ...(implicitPost === undefined ? {} : { post: BigInt(implicitPost) }),
    ...(post === undefined ? {} : { post: BigInt(postNumber ?? 0) }),
    ...(dev === undefined ? {} : { dev: BigInt(devNumber ?? 0) }),
    ...(local === undefined ? {} : { local: local.toLowerCase().replaceAll(/[-_]/g, '.') }),
  }
}

function letterOf(spelling: string): 'a' | 'b' | 'rc' {
  const first = spelling.toLowerCase()
  if (first.startsWith('a')) return 'a'
  return first.startsWith('b') ? 'b' : 'rc'
}

function write({ epoch, release, pre, post, dev, local }: Version): string {
  return [
    epoch === 0n ? '' : `${epoch}!`,
    release.join('.'),
    pre?.join('') ?? '',
    post === undefined ? '' : `.post${post}`,
    dev === undefined ? '' : `.dev${dev}`,
    local === undefined ? '' : `+${local}`,
  ].join('')
}

function withoutZeros(release: readonly bigint[]): bigint[] {
  const last = release.findLastIndex((part) => part !== 0n)
  return release.slice(0, Math.max(1, last + 1))
}

/** Numbers that sort as the versions do: 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0 < 1.0.post1. */
function orderOf({ epoch, release, pre, post, dev }: Version): bigint[] {
  const onlyDev = dev !== undefined && pre === undefined && post === undefined
  const stage = pre ? ['a', 'b', 'rc'].indexOf(pre[0]) : onlyDev ? -1 : 3
  const parts = Array.from({ length: longest }, (_, index) => release[index] ?? 0n)
  return [epoch, ...parts, BigInt(stage), pre?.[1] ?? 0n, post ?? -1n, dev === undefined ? 1n : 0n, dev ?? 0n]
}

function compareLists(one: readonly bigint[], other: readonly bigint[]): number {
  const differing = one.findIndex((part, index) => part !== other[index])
  return differing === -1 ? 0 : (one[differing] ?? 0n) < (other[differing] ?? 0n) ? -1 : 1
}

function compareText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}
