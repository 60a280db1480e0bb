/**
 * Files that differ each time software is installed, though nothing that matters does. One table, so that what berth
 * removes from a layer can be read in one place.
 */

export interface NoiseRow {
  /** Path inside the layer, without a leading slash; `*` matches within a name, `**` also slashes. */
  readonly path: string
  /**
   * `delete-link`: a symbolic link whose target is `target`. `fix-keystore`: every entry gets the same time.
   * `fix-git-index`: what lstat(2) said of each file is forgotten. `sort-lines`: in the order of their bytes.
   */
  readonly action: 'delete' | 'empty' | 'delete-link' | 'fix-keystore' | 'fix-git-index' | 'sort-lines'
  readonly target?: string
  /** A place that a later command of the same build may look at. */
  readonly scratch?: boolean
  readonly reason: string
}

const logs = 'holds the time of the build'
const backup = 'a backup that depends on the order of changes'
const lock = 'a lock file of a process that has ended'
const identity = 'identifies one machine; every sandbox would share it'
const checkout = 'holds times and inodes of the working tree, by which git knows what has changed'
const scratch = 'scratch space of the build'
const caches = 'a cache of a package manager, with times in it'

export const noise: readonly NoiseRow[] = [
  { path: 'var/log/dpkg.log', action: 'delete', reason: logs },
  { path: 'var/log/alternatives.log', action: 'delete', reason: logs },
  { path: 'var/log/bootstrap.log', action: 'delete', reason: logs },
  { path: 'var/log/fontconfig.log', action: 'delete', reason: logs },
  { path: 'var/log/apt/*', action: 'delete', reason: logs },
  { path: 'var/cache/ldconfig/aux-cache', action: 'delete', reason: 'holds inode numbers' },
  { path: 'var/cache/apt/*.bin', action: 'delete', reason: 'memory image of apt, holds times' },
  { path: 'var/cache/apt/archives/**', action: 'delete', reason: 'packages that are installed already' },
  {
    path: 'var/lib/apt/lists/**',
    action: 'delete',
    reason: 'state of a mirror at the time of the build',
    scratch: true,
  },
  { path: 'etc/machine-id', action: 'empty', reason: identity },
  { path: 'var/lib/dbus/machine-id', action: 'delete', reason: identity },
  { path: 'etc/ssh/ssh_host_*', action: 'delete', reason: `random key; ${identity}` },
  { path: 'etc/ssl/private/ssl-cert-snakeoil.key', action: 'delete', reason: `random key; ${identity}` },
  { path: 'etc/ssl/certs/ssl-cert-snakeoil.pem', action: 'delete', reason: 'certificate of a random key' },
  {
    path: 'etc/ssl/certs/*',
    action: 'delete-link',
    target: 'ssl-cert-snakeoil.pem',
    reason: 'named after the hash of a random certificate',
  },
  {
    path: 'etc/ssl/certs/java/cacerts',
    action: 'fix-keystore',
    reason: 'holds the time at which each certificate was put in',
  },
  { path: 'var/cache/man/**', action: 'delete', reason: 'an index with times in it; made again when it is needed' },
  {
    path: '{var/lib/gems,usr/local/bundle,app/vendor/bundle}/**/{gem_make.out,mkmf.log}',
    action: 'delete',
    reason: 'a log with times and temporary paths',
  },
  { path: 'etc/hostname', action: 'empty', reason: 'name of the machine that built the image' },
  { path: 'etc/resolv.conf', action: 'empty', reason: 'name servers of the machine that built the image' },
  { path: 'etc/{passwd,group,shadow,gshadow,subuid,subgid}-', action: 'delete', reason: backup },
  { path: 'var/lib/dpkg/*-old', action: 'delete', reason: backup },
  { path: 'var/cache/debconf/*-old', action: 'delete', reason: backup },
  { path: 'etc/.pwd.lock', action: 'delete', reason: lock },
  { path: 'var/lib/dpkg/lock*', action: 'delete', reason: lock },
  { path: 'var/lib/dpkg/triggers/Lock', action: 'delete', reason: lock },
  { path: 'run/berth/**', action: 'delete', reason: scratch },
  { path: 'tmp/{node-compile-cache,npm-*,v8-compile-cache-*}/**', action: 'delete', reason: scratch },
  { path: 'tmp/**', action: 'delete', reason: scratch, scratch: true },
  { path: 'var/tmp/**', action: 'delete', reason: scratch, scratch: true },
  { path: 'run/**', action: 'delete', reason: scratch, scratch: true },
  // Not all of .cache: browsers for tests and for printing are installed there.
  {
    path: '{root,home/*}/.cache/{pip,uv,go-build,pypoetry,composer,yarn,node-gyp,fontconfig}/**',
    action: 'delete',
    reason: caches,
  },
  { path: '{root,home/*}/.npm/**', action: 'delete', reason: `${caches}; its logs are named after the time` },
  { path: '{root,home/*}/.node-gyp/**', action: 'delete', reason: caches },
  { path: '{root,home/*}/.wget-hsts', action: 'delete', reason: logs },
  {
    path: '**/*.dist-info/RECORD',
    action: 'sort-lines',
    reason: 'virtualenv writes it in the order in which a file system lists files',
  },
  { path: '**/.git/index', action: 'fix-git-index', reason: checkout },
  { path: '**/.git/{modules,worktrees}/**/index', action: 'fix-git-index', reason: checkout },
  { path: '**/.git/logs/**', action: 'delete', reason: 'says when and by whom each reference was changed' },
  { path: '**/.git/{modules,worktrees}/**/logs/**', action: 'delete', reason: 'says when a reference was changed' },
  { path: '**/node_modules/.modules.yaml', action: 'delete', reason: "pnpm's own state, with the time of the build" },
  {
    path: '**/node_modules/.pnpm-workspace-state-v1.json',
    action: 'delete',
    reason: "pnpm's own state, with the time",
  },
  { path: '{root,home/*}/.config/go/telemetry/**', action: 'delete', reason: 'counts uses of go on one machine' },
  { path: 'usr/local/share/.cache/**', action: 'delete', reason: caches },
]

const compiled = noise.map((row) => ({ row, pattern: patternOf(row.path) }))

/** The row that an entry of a layer falls under; `linkTarget` is given for symbolic links. */
export function noiseRowOf(path: string, linkTarget?: string): NoiseRow | undefined {
  return compiled.find(({ row, pattern }) => {
    if (!pattern.test(path)) return false
    return row.action !== 'delete-link' || (linkTarget !== undefined && linkTarget.endsWith(row.target ?? ''))
  })?.row
}

function patternOf(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^$()|[\]\\]/g, '\\$&')
    .replaceAll(/\{([^}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(',', '|')})`)
    .replaceAll(/\*\*|\*/g, (star) => (star === '**' ? '.+' : '[^/]*'))
  return new RegExp(`^${source}$`)
}
