import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wallIn } from './walls.ts'

const volume = (name: string, path: string) => `volumes.${name} = { path = "${path}" }`

/** What real programs print, and the line that they need. */
const met: readonly (readonly [string, string])[] = [
  [`OSError: [Errno 30] Read-only file system: '/app/uploads/a.txt'`, volume('uploads', '/app/uploads')],
  [`Error: EROFS: read-only file system, mkdir '/app/data'`, volume('data', '/app/data')],
  [`[Error: EROFS: read-only file system, open '/app/db.sqlite'] {`, volume('app', '/app')],
  [`2026/11/23 open /var/lib/shop/x.db: read-only file system`, volume('shop', '/var/lib/shop')],
  [
    `PHP Warning:  fopen(/srv/cache/a.txt): Failed to open stream: Read-only file system in /app/index.php on line 3`,
    volume('cache', '/srv/cache'),
  ],
  [`touch: cannot touch '/app/x': Read-only file system`, volume('x', '/app/x')],
  [`Errno::EROFS: Read-only file system @ rb_sysopen - /app/log/production.log`, volume('log', '/app/log')],
  [`java.io.FileNotFoundException: /opt/state/a.bin (Read-only file system)`, volume('state', '/opt/state')],
  [`OSError: [Errno 28] No space left on device: '/tmp/a'`, 'tmp = "512M"'],
  [`Error: ENOSPC: no space left on device, write`, 'tmp = "512M"'],
  [`OSError: [Errno 28] No space left on device: '/data/a'`, 'a larger `size` for that volume'],
  [`Error: getaddrinfo ENOTFOUND api.example.org`, 'egress = ["api.example.org:443"]'],
  [`Error: getaddrinfo EAI_AGAIN db.internal`, 'egress = ["db.internal:443"]'],
  [
    `HTTPSConnectionPool(host='api.example.org', port=8443): Max retries exceeded (NameResolutionError('getaddrinfo failed'))`,
    'egress = ["api.example.org:8443"]',
  ],
  [
    `psycopg2.OperationalError: could not translate host name "db" to address: Name or service not known`,
    'egress = ["db:5432"]',
  ],
  [`dial tcp: lookup api.example.org on 10.1.2.3:53: no such host`, 'egress = ["api.example.org:443"]'],
  [`java.net.UnknownHostException: api.example.org`, 'egress = ["api.example.org:443"]'],
  [`connection to server at "10.0.0.5", port 5432 failed: Connection refused`, 'egress = ["10.0.0.5:5432"]'],
  [`Error: connect ECONNREFUSED 10.0.0.5:6379`, 'egress = ["10.0.0.5:6379"]'],
  [`RuntimeError: can't start new thread`, 'pids = 1024'],
  [`sh: 1: Cannot fork: fork: Resource temporarily unavailable`, 'pids = 1024'],
  [`java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory`, 'pids = 1024'],
  [`BlockingIOError: [Errno 11] Resource temporarily unavailable`, 'pids = 1024'],
  [`runtime: failed to create new OS thread (have 9 already; errno=11)`, 'pids = 1024'],
  [`ThreadError: can't create Thread: Resource temporarily unavailable`, 'pids = 1024'],
  [`LOG:  could not fork autovacuum worker process: Resource temporarily unavailable`, 'pids = 1024'],
  [`FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory`, 'memory = "1G"'],
  [`java.lang.OutOfMemoryError: Java heap space`, 'memory = "1G"'],
  [`[ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?`, 'memory = "1G"'],
  [`sqlite3.OperationalError: unable to open database file`, volume('data', '/data')],
  [`sqlite3.OperationalError: attempt to write a readonly database`, volume('data', '/data')],
  [
    `berth: shop tried 10.0.0.5:22, refused; to allow it add egress = ["10.0.0.5:22"] to [isolation]`,
    'egress = ["10.0.0.5:22"]',
  ],
  [`berth: shop asked for db; to allow it add ${orElse('db')} to [isolation]`, 'egress = ["db:443"]'],
  [
    `berth: shop tried 10.192.0.3:80, refused; to allow it add links = ["invoices"] to [isolation]`,
    'links = ["invoices"]',
  ],
]

function orElse(name: string): string {
  return `egress = ["${name}:443"] (or the port that it uses)`
}

describe('wallIn()', () => {
  for (const [line, wanted] of met) {
    it(`knows ${line.slice(0, 60)}`, () => assert.equal(wallIn(['starting', line, 'at exit'])?.line, wanted))
  }

  it('finds none in what has nothing to do with the sandbox', () => {
    const lines = ['Traceback', 'ValueError: x', 'connect ECONNREFUSED 127.0.0.1:5432', 'GET / 200', 'refused to start']
    assert.equal(wallIn(lines), undefined)
  })

  it('finds none in what nothing allows, nor in a socket that has nothing to read', () => {
    const refused = 'berth: shop tried 169.254.169.254:80, refused; nothing allows it: it is link-local'
    assert.equal(wallIn(['recv: Resource temporarily unavailable', refused]), undefined)
  })

  it('takes what the application says before what berth has seen, for it may try what it can do without', () => {
    const seen =
      'berth: shop asked for news.example.org; to allow it add egress = ["news.example.org:443"] to [isolation]'
    assert.equal(
      wallIn([`OSError: [Errno 30] Read-only file system: '/app/x'`, seen])?.what,
      'it may not write to /app/x',
    )
  })

  it('takes the latest', () => {
    const lines = [`getaddrinfo ENOTFOUND a.example.org`, `getaddrinfo ENOTFOUND b.example.org`]
    assert.equal(wallIn(lines)?.what, 'it may not reach b.example.org')
  })

  it('knows that memory ran out by how it ended', () => {
    assert.equal(wallIn([], { outOfMemory: true })?.line, 'memory = "1G"')
  })
})
