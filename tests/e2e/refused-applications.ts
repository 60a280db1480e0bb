import { pythonApp } from './apps.ts'

/** An application that tries what the default does not give, and the line of the manifest that berth has to name for it. */
export interface RefusedApplication {
  readonly name: string
  /** What it tries, as in "it may not …". */
  readonly tries: string
  readonly files: Readonly<Record<string, string>>
  /** What `[isolation]` lacks. */
  readonly line: string
}

type Row = readonly [name: string, tries: string, code: string, line: string]

const python: readonly Row[] = [
  ['beside', 'write beside its code', `os.makedirs('/app/uploads')`, 'volumes.uploads = { path = "/app/uploads" }'],
  [
    'database',
    'keep SQLite beside its code',
    `import sqlite3\nsqlite3.connect('shop.sqlite').execute('CREATE TABLE orders (what TEXT)')`,
    'volumes.data = { path = "/data" }',
  ],
  ['heap-of-files', 'write much to /tmp', `open('/tmp/heap', 'wb').write(bytes(80 << 20))`, 'tmp = "512M"'],
  [
    'name',
    'reach a name',
    `import urllib.request\nurllib.request.urlopen('https://api.example.org/v1')`,
    'egress = ["api.example.org:443"]',
  ],
  [
    'address',
    'reach an address',
    `socket.create_connection(('10.11.12.13', 5432), 9)`,
    'egress = ["10.11.12.13:5432"]',
  ],
  [
    'threads',
    'have 300 threads',
    `import threading\nfor _ in range(300): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()`,
    'pids = 1024',
  ],
  [
    'processes',
    'have 300 processes',
    `import subprocess\nkept = [subprocess.Popen(['sleep', '100']) for _ in range(300)]`,
    'pids = 1024',
  ],
  ['memory', 'have 600 MiB of memory', `hog = b'x' * (600 << 20)`, 'memory = "1G"'],
]

const node: readonly Row[] = [
  [
    'node-beside',
    'write beside its code',
    `import { mkdirSync } from 'node:fs'\nmkdirSync('/app/cache')`,
    volume('cache'),
  ],
  ['node-name', 'reach a name', `await fetch('https://api.example.org/v1')`, 'egress = ["api.example.org:443"]'],
  [
    'node-heap',
    'have more memory than its heap may take',
    `const hoard = []\nfor (;;) hoard.push(Array.from({ length: 1e5 }, Math.random))`,
    'memory = "1G"',
  ],
]

function volume(name: string): string {
  return `volumes.${name} = { path = "/app/${name}" }`
}

/** It is a command of `[initialise]` that meets the wall. */
const initialising: RefusedApplication = {
  name: 'initialising',
  tries: 'write beside its code while it is initialised',
  files: pythonApp({ name: 'initialising', manifest: '[initialise]\nrun = ["mkdir /app/cache"]' }),
  line: volume('cache'),
}

export const refusedApplications: readonly RefusedApplication[] = [
  ...python.map(([name, tries, code, line]) => ({ name, tries, line, files: pythonApp({ name, code }) })),
  ...node.map(([name, tries, code, line]) => ({ name, tries, line, files: nodeApp(name, code) })),
  initialising,
]

function nodeApp(name: string, code: string): Record<string, string> {
  const described = { name, private: true, type: 'module', engines: { node: '24' } }
  return {
    'package.json': JSON.stringify(described),
    'package-lock.json': JSON.stringify({ name, lockfileVersion: 3, requires: true, packages: { '': described } }),
    'app.js': code,
    'berth.toml': `name = "${name}"\n\n[start]\ncommand = "node app.js"\n`,
  }
}
