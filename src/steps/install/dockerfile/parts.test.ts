import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { csvFields } from './csv.ts'
import { parseDuration } from './duration.ts'
import { changedMode, parseMode } from './file-mode.ts'
import { parseGitSource } from './git-source.ts'
import { parseImageReference } from './image-reference.ts'
import { cleanPath, joinPath } from './paths.ts'
import { formatPlatform, parsePlatform } from './platform.ts'
import { parsePorts } from './port.ts'
import { parseSize } from './size.ts'
import { checkStopSignal } from './stop-signal.ts'
import { TextFault } from './text-fault.ts'

type Table = readonly (readonly [input: string, result: unknown])[]

/** A result of TextFault means that the input is refused. */
function table(name: string, read: (text: string) => unknown, rows: Table): void {
  describe(name, () => {
    for (const [input, result] of rows) {
      if (result === TextFault)
        it(`refuses ${JSON.stringify(input)}`, () => assert.throws(() => read(input), TextFault))
      else it(`reads ${JSON.stringify(input)}`, () => assert.deepEqual(read(input), result))
    }
  })
}

table('parseDuration()', parseDuration, [
  ['30s', 30e9],
  ['1m30s', 90e9],
  ['1.5h', 5400e9],
  ['1h0m5s', 3605e9],
  ['250ms', 250e6],
  ['5us', 5000],
  ['3µs', 3000],
  ['1ns', 1],
  ['.5s', 5e8],
  ['-5s', -5e9],
  ['+5s', 5e9],
  ['0', 0],
  ['', TextFault],
  ['5', TextFault],
  ['s', TextFault],
  ['5 s', TextFault],
  ['5s5', TextFault],
  ['5d', TextFault],
  ['1e3s', TextFault],
  [`${'9'.repeat(400)}h`, TextFault],
])

table('parseSize()', parseSize, [
  ['4096', 4096],
  ['1b', 1],
  ['1k', 1024],
  ['64m', 64 * 1024 ** 2],
  ['64MB', 64 * 1024 ** 2],
  ['1.5GiB', 1.5 * 1024 ** 3],
  ['2 g', 2 * 1024 ** 3],
  ['.5k', 512],
  ['', TextFault],
  ['m', TextFault],
  ['-1', TextFault],
  ['1x', TextFault],
  ['1kk', TextFault],
])

table('parsePorts()', parsePorts, [
  ['80', ['80/tcp']],
  ['80/', ['80/tcp']],
  ['53/UDP', ['53/udp']],
  ['8000-8002/sctp', ['8000/sctp', '8001/sctp', '8002/sctp']],
  ['80-80', ['80/tcp']],
  ['8080:80', ['80/tcp']],
  ['127.0.0.1:8080:80/udp', ['80/udp']],
  ['[::1]:8080:80', ['80/tcp']],
  ['0', ['0/tcp']],
  ['65536', TextFault],
  ['90-80', TextFault],
  ['http', TextFault],
  ['80/http', TextFault],
  ['-80', TextFault],
  ['80-', TextFault],
  ['', TextFault],
])

table('checkStopSignal()', (text) => (checkStopSignal(text), 'accepted'), [
  ['SIGTERM', 'accepted'],
  ['term', 'accepted'],
  ['9', 'accepted'],
  ['SIGRTMIN+15', 'accepted'],
  ['RTMAX-14', 'accepted'],
  ['SIGRTMIN+16', TextFault],
  ['0', TextFault],
  ['SIGNOPE', TextFault],
  ['', TextFault],
])

table('csvFields()', (text) => csvFields({ text, offset: 0 }).map((field) => field.text), [
  ['a,b=c', ['a', 'b=c']],
  ['"a,b",c', ['a,b', 'c']],
  ['"say ""a""",b', ['say "a"', 'b']],
  ['a,', ['a', '']],
  ['', ['']],
  ['a"b', TextFault],
  ['"a', TextFault],
  ['"a"b', TextFault],
])

table('parseImageReference()', parseImageReference, [
  ['debian', { path: 'debian' }],
  ['debian:bookworm', { path: 'debian', tag: 'bookworm' }],
  ['a/b/c', { path: 'a/b/c' }],
  ['example.org/a/b:1', { registry: 'example.org', path: 'a/b', tag: '1' }],
  ['localhost/a', { registry: 'localhost', path: 'a' }],
  ['127.0.0.1:5000/a', { registry: '127.0.0.1:5000', path: 'a' }],
  ['[::1]:5000/a', { registry: '[::1]:5000', path: 'a' }],
  [`a@sha256:${'0'.repeat(64)}`, { path: 'a', digest: `sha256:${'0'.repeat(64)}` }],
  [`a:b@sha256:${'0'.repeat(64)}`, { path: 'a', tag: 'b', digest: `sha256:${'0'.repeat(64)}` }],
  ['a__b--c.d', { path: 'a__b--c.d' }],
  ['Debian', TextFault],
  ['a/B', TextFault],
  ['a:', TextFault],
  ['a@', TextFault],
  ['a@sha256:0', TextFault],
  ['a//b', TextFault],
  ['-a', TextFault],
  ['a:b:c', TextFault],
  ['../a', TextFault],
  ['a b', TextFault],
  ['', TextFault],
  ['a'.repeat(600), TextFault],
])

table('parseGitSource()', parseGitSource, [
  ['https://example.org/a.git', { remote: 'https://example.org/a.git' }],
  ['https://example.org/a.git#v1:docs', { remote: 'https://example.org/a.git', ref: 'v1', directory: 'docs' }],
  ['https://example.org/a.git#:../../x', { remote: 'https://example.org/a.git', directory: 'x' }],
  ['git@example.org:a/b', { remote: 'git@example.org:a/b' }],
  ['git@example.org:a/b?branch=m#', { remote: 'git@example.org:a/b', ref: 'refs/heads/m' }],
  ['https://example.org/a.git?tag=v1', { remote: 'https://example.org/a.git', ref: 'refs/tags/v1' }],
  ['https://example.org/a.git?keep-git-dir', { remote: 'https://example.org/a.git', keepGitDir: true }],
  ['https://example.org/a.git?submodules=0', { remote: 'https://example.org/a.git', submodules: false }],
  ['https://example.org/a', undefined],
  ['https://example.org/a.git/b', undefined],
  ['file:///a.git', undefined],
  ['./a.git', undefined],
  ['a.git', undefined],
  ['git@example.org', undefined],
  ['https://example.org/a.git?x=1', TextFault],
  ['https://example.org/a.git?ref=', TextFault],
  ['https://example.org/a.git?ref=a&ref=b', TextFault],
  ['https://example.org/a.git?tag=a&branch=b', TextFault],
  ['https://example.org/a.git?submodules=perhaps', TextFault],
  ['https://example.org/a.git?ref=a#b', TextFault],
])

const own = { os: 'linux', architecture: 'amd64', variant: '' }
table('parsePlatform()', (text) => formatPlatform(parsePlatform(text, own)), [
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['Linux/AMD64', 'linux/amd64'],
  ['linuks', TextFault],
  ['', TextFault],
  ['linux/', TextFault],
  ['a/b/c/d', TextFault],
  ['linux/amd 64', TextFault],
])

table('cleanPath()', cleanPath, [
  ['', '.'],
  ['.', '.'],
  ['/', '/'],
  ['a/./b//c/', 'a/b/c'],
  ['a/../b', 'b'],
  ['../a', '../a'],
  ['a/../../b', '../b'],
  ['/../a', '/a'],
  ['/a/..', '/'],
])

describe('joinPath()', () => {
  it('goes up no further than the root', () => assert.equal(joinPath('/', '../../a'), '/a'))
})

describe('changedMode()', () => {
  const rows: readonly [string, number, boolean, number][] = [
    ['755', 0o600, false, 0o755],
    ['0644', 0o777, true, 0o644],
    ['4755', 0o600, false, 0o4755],
    ['u=rwX,go=rX', 0o600, false, 0o644],
    ['u=rwX,go=rX', 0o700, false, 0o755],
    ['u=rwX,go=rX', 0o600, true, 0o755],
    ['+x', 0o644, false, 0o755],
    ['a-w', 0o666, false, 0o444],
    ['go=', 0o777, false, 0o700],
    ['go=u', 0o750, false, 0o777],
    ['g=u-w', 0o700, false, 0o750],
    ['u+s', 0o755, false, 0o4755],
    ['g+s', 0o755, true, 0o2755],
    ['+t', 0o777, true, 0o1777],
    ['o=g', 0o750, false, 0o755],
    ['ug+rw,o-rwx', 0o007, false, 0o660],
    ['=r', 0o777, false, 0o444],
  ]
  for (const [change, mode, isDirectory, result] of rows) {
    it(`makes of ${mode.toString(8)}${isDirectory ? '/' : ''} with ${change} ${result.toString(8)}`, () => {
      assert.equal(changedMode(parseMode(change), mode, isDirectory).toString(8), result.toString(8))
    })
  }
  for (const text of ['abc', '0888', '77777', 'u', 'u=z', '', 'u=r,', 'r+u', '-1']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseMode(text), TextFault))
  }
})
