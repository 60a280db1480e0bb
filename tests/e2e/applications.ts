import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProblemEvent } from '../../src/model/events.ts'
import { type Answer, type TestBerth } from './test-berth.ts'

/** An application as its author wrote it, in `examples/applications`: it has to run under the default. */
export interface Application {
  readonly name: string
  readonly runtime: string
  /** What it uses beyond answering. */
  readonly uses: string
  /** What its front page says when all of that works. */
  readonly answer: RegExp
}

type Row = readonly [name: string, runtime: string, uses: string, answer: RegExp]

const rows: readonly Row[] = [
  ['flask-sqlite', 'Python', 'SQLite with a log beside it, two workers', /^\d+ notes by wal$/],
  ['django-migrations', 'Python', 'migrations, passwords', /^\d+ questions, password True$/],
  ['fastapi', 'Python', 'uvicorn with workers, 40 threads', /^{"digests":\["e3b0c4",.*\]}$/],
  ['bottle', 'Python', 'locale, time zones, its user, a file', /^grüezi 2026-01-01T12:00:00\+01:00 \w+ \/\S* \d+$/],
  ['tornado-websocket', 'Python', 'a websocket to itself', /^HELLO BY WEBSOCKET$/],
  ['aiohttp', 'Python', 'names of its own', /^inner by localhost:8000; inner by \S+:8000$/],
  ['multiprocessing', 'Python', 'semaphores, shared memory, SQLite', /^sum 190, memory full, rows \d+$/],
  ['asyncio-subprocess', 'Python', 'pipes, signals, a terminal', /^apple SIGTERM terminal$/],
  ['gunicorn-gthread', 'Python', '120 threads, file locks', /^forty threads, multithread True$/],
  ['numpy-pillow', 'Python', 'native code of wheels', /^inverse True, JPEG 32x32$/],
  ['node-cluster', 'Node', 'cluster, time zones, its user', /^worker true: grüezi \S+ 1\. Januar 1970 \w+ \/\S* \d+$/],
  ['express-sqlite', 'Node', 'SQLite in a volume', /^{"visits":\d+}$/],
  ['koa', 'Node', 'zlib, fetch from itself', /^compressed and back$/],
  ['fastify', 'Node', 'compiled schemas', /^{"heap":true,"text":"by a schema"}$/],
  ['ws-echo', 'Node', 'a websocket to itself', /^heard 1800$/],
  ['worker-threads', 'Node', 'threads, scrypt, WebAssembly', /^counted 4000, keys 4, sum 42$/],
  ['node-processes', 'Node', 'programs, fork, fs.watch', /^BY A SHELL, BY FORK, news$/],
  ['php', 'Dockerfile', 'sessions, SQLite, a shell', /^\d+ orders, 1 visits, by a shell$/],
  ['go', 'Dockerfile', 'a static program, 200 files at once', /^200 files, inner$/],
  ['java', 'Dockerfile', 'compiler, collector, pools', /^5000050000 7 127\.0\.0\.1 by a process$/],
  ['ruby-sinatra', 'Dockerfile', 'Puma with workers and threads', /^14014000 7 BY A PIPE (127\.0\.0\.1|::1)$/],
  ['nginx', 'Dockerfile', "Debian's configuration, port 80", /Served by an nginx whose configuration/],
  ['postgresql', 'Dockerfile', 'a database with its volume', /^\d+ rows, workers \d+$/],
  ['perl-starman', 'Dockerfile', 'preforked workers, flock', /^by a pipe, C\.UTF-8, user \w+$/],
]

export const applications: readonly Application[] = rows.map(([name, runtime, uses, answer]) => {
  return { name, runtime, uses, answer }
})

/** Deploys one with nothing but what its own folder says. @returns its front page, or why there is none */
export async function deployed(berth: TestBerth, { name }: Application): Promise<Answer | ProblemEvent> {
  const folder = await berth.folder(`examples/applications/${name}`)
  const manifest = await readFile(join(folder, 'berth.toml'), 'utf8').catch(() => '')
  await writeFile(join(folder, 'berth.toml'), `name = "${name}"\n${manifest}`)
  const { last } = await berth.events('deploy', folder)
  if (last.kind === 'problem') return last
  assert.equal(last.kind, 'deployed', JSON.stringify(last))
  return berth.get(name)
}

/** What it comes to in one line: `works`, or what went wrong. */
export function verdictOn({ answer }: Application, outcome: Answer | ProblemEvent): string {
  if (isAnswer(outcome)) {
    const { status, text } = outcome
    return status === 200 && answer.test(text.trim()) ? 'works' : `answered ${status}: ${text.trim().slice(0, 300)}`
  }
  const lines = (outcome.lines ?? []).slice(-12).map((line) => `\n    ${line}`)
  return `${outcome.code}: ${outcome.message}\n    fix: ${outcome.fix}${lines.join('')}`
}

export function isAnswer(outcome: Answer | ProblemEvent): outcome is Answer {
  return !('kind' in outcome)
}
