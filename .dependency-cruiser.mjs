/** Imports look one way: down. ARCHITECTURE.md draws it; here each forbidden direction says why it is one. */

const inside = (...folders) => `^src/(${folders.join('|')})/`
const steps = ['retrieve', 'install', 'configure', 'initialise', 'start'].map((name) => `steps/${name}`)
const strangers = ['image', 'store', 'isolation', 'proxy', 'front', 'egress']

const rules = [
  {
    name: 'model-knows-nobody',
    comment: 'src/model holds the words and shapes that everything shares; it may import nothing of ours.',
    from: { path: inside('model') },
    to: { path: '^src/', pathNot: inside('model') },
  },
  {
    name: 'host-knows-only-model',
    comment: 'src/host is the door to the operating system; it may import src/model alone.',
    from: { path: inside('host') },
    to: { path: '^src/', pathNot: inside('host', 'model') },
  },
  ...strangers.map((name) => ({
    name: `${name}-is-a-stranger`,
    comment: `src/${name} may import src/model and src/host; what it needs of its neighbours is handed in by src/deploy.`,
    from: { path: inside(name) },
    to: { path: '^src/', pathNot: inside(name, 'host', 'model') },
  })),
  ...steps.map((name) => ({
    name: `${name.replace('/', '-')}-is-a-stranger`,
    comment: `src/${name} may not import another step, nor what calls the steps; a type that they share belongs in src/model.`,
    from: { path: inside(name) },
    to: { path: '^src/', pathNot: inside(name, 'host', 'model', ...strangers) },
  })),
  {
    name: 'deploy-looks-down',
    comment: 'src/deploy carries the steps out; it must not know the daemon, the client or the CLI.',
    from: { path: inside('deploy', 'steps') },
    to: { path: inside('daemon', 'client', 'cli') },
  },
  {
    name: 'audit-looks-down',
    comment: 'src/audit starts sandboxes and attacks them; images, state and releases are handed in by src/deploy.',
    from: { path: inside('audit') },
    to: { path: '^src/', pathNot: inside('audit', 'isolation', 'host', 'model') },
  },
  {
    name: 'client-is-thin',
    comment: 'src/client packs, sends and listens; what works on a deploy is on the other side of the socket.',
    from: { path: inside('client') },
    to: { path: '^src/', pathNot: inside('client', 'host', 'model') },
  },
  {
    name: 'cli-sees-model-and-client',
    comment:
      'src/cli may import src/model and src/client; only `serve` becomes the daemon and `doctor` asks its levels, by late imports.',
    from: { path: inside('cli'), pathNot: '^src/cli/commands/(serve|doctor)\\.ts$' },
    to: { path: '^src/', pathNot: inside('cli', 'client', 'model') },
  },
  {
    name: 'serve-sees-the-daemon',
    comment: 'src/cli/commands/serve.ts may import src/daemon/main.ts, and nothing else of the daemon.',
    from: { path: '^src/cli/commands/serve\\.ts$' },
    to: { path: '^src/', pathNot: [inside('cli', 'client', 'model'), '^src/daemon/main\\.ts$'] },
  },
  {
    name: 'doctor-sees-the-levels',
    comment: 'src/cli/commands/doctor.ts may import src/daemon/examine-levels.ts, and nothing else of the daemon.',
    from: { path: '^src/cli/commands/doctor\\.ts$' },
    to: { path: '^src/', pathNot: [inside('cli', 'client', 'model'), '^src/daemon/examine-levels\\.ts$'] },
  },
  {
    name: 'nobody-imports-the-cli',
    comment: 'src/cli is the top; what others need of it belongs in src/client or src/model.',
    from: { path: '^src/', pathNot: inside('cli') },
    to: { path: inside('cli') },
  },
  {
    name: 'no-cycles',
    comment: 'Two files that import each other are one file, or a third is missing.',
    from: { path: '^src/' },
    to: { circular: true },
  },
  {
    name: 'everything-resolves',
    comment: 'An import that cannot be found cannot be checked either.',
    from: { path: '^src/' },
    to: { couldNotResolve: true },
  },
]

export default {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '\\.test\\.ts$' },
  },
}
