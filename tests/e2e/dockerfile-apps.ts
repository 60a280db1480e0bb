/** What is known of each of `examples/dockerfiles`: the test locks, builds and maybe deploys it, and looks into its image. */
export interface DockerfileApp {
  readonly name: string
  /** Folder in `examples/dockerfiles`; default: its name. */
  readonly example?: string
  /** Keys of its `[install]`. */
  readonly install?: string
  readonly settings?: Readonly<Record<string, string>>
  /** Path that is asked for when it is deployed, and what it answers. */
  readonly answers?: readonly [path: string, text: RegExp]
  /** Files of its image. */
  readonly holds?: Readonly<Record<string, RegExp>>
  /** What its image does not have. */
  readonly lacks?: readonly string[]
  /** Kinds of what its lock names beside the packages of its base. */
  readonly fetches: readonly string[]
}

/** An application of downloads needs to be told of a server. */
export function dockerfileApps(site: { origin: string; sha256: string }): DockerfileApp[] {
  return [
    {
      name: 'go',
      answers: ['/', /Don't communicate by sharing memory/],
      fetches: ['deb', 'go'],
      lacks: ['/bin', '/usr'],
    },
    { name: 'npm', answers: ['/', /Made by <em>npm ci<\/em>/], fetches: ['deb', 'npm', 'pypi'] },
    {
      name: 'talk',
      settings: { WEBAPP_SECRET: 'sekrit' },
      answers: ['/', /Hello TasLUG![^]*The secret is: sekrit/],
      fetches: ['deb', 'pypi'],
    },
    { name: 'php', answers: ['/', /^PHP 8/], fetches: ['deb'], lacks: ['/var/www/html/index.html'] },
    { name: 'pip', answers: ['/', /^Flask \d/], fetches: ['deb', 'pypi'] },
    { name: 'nginx', answers: ['/', /Served by nginx/], fetches: ['deb'] },
    {
      name: 'apt',
      answers: ['/index.txt', /DejaVu Sans/],
      fetches: ['deb'],
      lacks: ['/etc/ssl/private/ssl-cert-snakeoil.key'],
    },
    {
      name: 'downloads',
      install: `build_args = { SITE = "${site.origin}", SHA256 = "${site.sha256}" }`,
      fetches: ['deb', 'git', 'http'],
      holds: {
        '/srv/version.txt': /^v1$/m,
        '/srv/tools/README': /^first$/,
        '/srv/notes.txt': /^notes$/,
        '/srv/unpacked/index.html': /^site$/,
        '/srv/bundle/inner.txt': /^inner$/,
        '/srv/added/README': /^first$/,
        '/srv/parts/.git/HEAD': /^ref: refs\/heads\/main$/m,
        '/srv/parts/lib/README': /^first$/,
        '/srv/lib/README': /^first$/,
      },
      lacks: [
        ...['/srv/added/.git', '/srv/lib/.git', '/srv/parts/.git/FETCH_HEAD', '/srv/parts/.git/logs'],
        '/srv/tools/.git/logs/HEAD',
        '/srv/unpacked/site.tar.gz',
        '/srv/bundle/bundle.tar',
      ],
    },
    {
      name: 'cache-mount',
      fetches: ['deb'],
      holds: { '/srv/cache.txt': /^33 750$/m, '/srv/tree.txt': /cache\.txt/ },
      lacks: ['/var/cache/own', '/scratch'],
    },
    {
      name: 'secret',
      settings: { API_TOKEN: 'geheim-in-no-layer' },
      fetches: [],
      holds: { '/srv/length': /^18$/m },
      lacks: ['/run/secrets', '/run/token'],
    },
    {
      name: 'heredoc',
      fetches: [],
      holds: {
        '/srv/site/index.txt': /^made by a here-document$/m,
        '/srv/site/perl.txt': /^made by perl/,
        '/srv/site/greeting.txt': /^hello berth\n$/,
        '/srv/site/raw.txt': /^not expanded: \$WHO\n$/,
      },
    },
    {
      name: 'bind-mount',
      fetches: [],
      holds: { '/srv/words.txt': /^QUIET WORDS$/m },
      lacks: ['/opt/tools', '/words.txt', '/src', '/tools'],
    },
    { name: 'onbuild', fetches: [], holds: { '/srv/site/contents.txt': /^contents\.txt\none\.txt\ntwo\.txt\n$/ } },
    {
      ...{ name: 'arguments-loud', example: 'arguments' },
      install: 'target = "loud"\nbuild_args = { GREETING = "good day" }',
      fetches: [],
      holds: { '/srv/shown.txt': /^GOOD DAY ON (AMD|ARM)64$/m },
    },
    {
      ...{ name: 'arguments-quiet', example: 'arguments' },
      install: 'build_args = { SUITE = "trixie" }',
      fetches: [],
      holds: { '/srv/greeting.txt': /^hello on (amd|arm)64$/m, '/etc/debian_version': /^13/ },
      lacks: ['/srv/shown.txt'],
    },
    {
      name: 'files',
      fetches: [],
      holds: {
        '/home/keeper/who': /^keeper\n\/home\/keeper\nrefused\n\/srv\/app\/own\n$/,
        '/srv/listing.txt':
          /^-rw-r----- keeper:staff2 \/etc\/app\/settings\.ini$[^]*^-rwxr-xr-x keeper:staff2 \/srv\/app\/bin\/run$/m,
        '/srv/guide/start.md': /Guide/,
        '/srv/app/secrets/public.txt': /public/,
      },
      lacks: ['/srv/app/README.md', '/srv/app/debug.log', '/srv/app/secrets/private.txt', '/srv/app/docs/draft.tmp'],
    },
  ]
}
