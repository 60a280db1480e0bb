import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Event } from '../../model/events.ts'
import { lineRenderer, terminalRenderer } from './events.ts'
import { paintFor } from './paint.ts'
import { renderOutdated } from './outdated.ts'
import { renderProblem } from './problem.ts'
import { formatAge, formatBytes, formatProgress, formatSeconds } from './quantity.ts'
import { safeText } from './safe-text.ts'
import type { Screen } from './screen.ts'
import { cut, displayWidth, table } from './table.ts'

const plain = paintFor(false, {})
const digest = `sha256:${'ab'.repeat(32)}` as const

function screen(columns?: number): Screen & { written: string } {
  let clock = 0
  return {
    written: '',
    columns,
    paint: plain,
    now: () => (clock += 1000),
    write(text) {
      this.written += text
    },
  }
}

const deploy: Event[] = [
  { kind: 'deploy-started', app: 'shop', deployment: 4 },
  { kind: 'step-started', step: 'install' },
  { kind: 'progress', step: 'install', what: 'downloading', done: 1.5e6, total: 4e7, unit: 'bytes' },
  { kind: 'output', source: 'pip', stream: 'stdout', text: 'Collecting Flask' },
  { kind: 'layer', title: 'requirements', digest, bytes: 12_345_678, reused: false },
  { kind: 'step-finished', step: 'install', seconds: 3.14, reused: false, summary: '2 layers new, 4 reused' },
  { kind: 'deployed', app: 'shop', release: 'v3', digest, url: 'http://shop.localhost/', seconds: 4, changed: true },
]

describe('renderOutdated()', () => {
  const one = { kind: 'pypi', name: 'flask', locked: '1.0', newest: '2.0', heldBy: '==1.0 in requirements.txt' }
  it('shows a table of what could move, and what is not known', () => {
    const unknown = [{ kind: 'go', name: 'example.org/x', reason: 'it answered 404' }]
    const text = renderOutdated({ kind: 'outdated', asked: 12, packages: [one], unknown })
    assert.match(
      text,
      /^NAME +KIND +LOCKED +NEWEST +HELD BACK BY\nflask +pypi +1\.0 +2\.0 +==1\.0 in requirements\.txt\n/,
    )
    assert.match(text, /1 of 12 packages/)
    assert.match(text, /not known of example\.org\/x: it answered 404$/)
  })
  it('says that there is nothing newer', () => {
    const text = renderOutdated({ kind: 'outdated', asked: 12, packages: [], unknown: [] })
    assert.equal(text, '12 packages are the newest that there are')
  })
})

describe('lineRenderer()', () => {
  it('prints a line an event and keeps what builds print to itself', () => {
    const to = screen()
    const renderer = lineRenderer(to, false)
    for (const event of deploy) renderer.show(event)
    assert.equal(
      to.written,
      [
        'deploying shop',
        'install: started',
        '  layer requirements  12.3 MB',
        '✓ install     3.1 s    2 layers new, 4 reused',
        'shop v3 serves after 4.0 s',
        '',
      ].join('\n'),
    )
  })

  it('shows what a build printed once it failed without evidence of its own', () => {
    const to = screen()
    const renderer = lineRenderer(to, false)
    renderer.show({ kind: 'output', source: 'pip', stream: 'stderr', text: 'no such package\x1b[2J' })
    renderer.show({ kind: 'problem', code: 'x', message: 'Cannot build', fix: 'Mend it', temporary: false })
    assert.match(to.written, /\| no such package\\x1b\[2J\nerror\[x\]: Cannot build\n/)
  })
})

describe('terminalRenderer()', () => {
  it('settles each step to one line no wider than the terminal', () => {
    const to = screen(40)
    const renderer = terminalRenderer(to, false)
    for (const event of deploy) renderer.show(event)
    renderer.end()
    const settled = to.written.split('\n').map((line) => line.split('\r\x1b[2K').at(-1) ?? '')
    assert.deepEqual(settled, [
      'deploying shop',
      '  layer requirements  12.3 MB',
      '✓ install     3.1 s    2 layers new, 4 …',
      'shop v3 serves after 4.0 s',
      '',
    ])
  })
})

describe('renderProblem()', () => {
  it('is a small help page', () => {
    const text = renderProblem(
      {
        kind: 'problem',
        code: 'port-taken',
        message: 'Cannot start shop',
        at: 'berth.toml:7',
        lines: ['bind: in use'],
        fix: 'Set another `port`',
        temporary: false,
      },
      plain,
    )
    assert.equal(
      text,
      [
        'error[port-taken]: Cannot start shop',
        '    | bind: in use',
        '   at: berth.toml:7',
        '  fix: Set another `port`',
        ' more: berth explain port-taken',
      ].join('\n'),
    )
  })
})

describe('safeText()', () => {
  const cases = [
    { it: 'escapes cursor movements', from: 'a\x1b[2Kb', to: 'a\\x1b[2Kb' },
    { it: 'escapes carriage returns', from: 'real\rfake', to: 'real\\x0dfake' },
    { it: 'escapes C1 controls', from: '\x9b2J', to: '\\x9b2J' },
    { it: 'escapes direction marks', from: 'a\u202eb', to: 'a\\u202eb' },
    { it: 'leaves words, tabs and newlines', from: 'é 漢\t🙂\n', to: 'é 漢\t🙂\n' },
  ]
  for (const { it: name, from, to } of cases) it(name, () => assert.equal(safeText(from), to))
})

describe('table()', () => {
  it('pads columns by what they take on the screen', () => {
    assert.equal(
      table(
        ['A', 'B'],
        [
          ['漢字', 'x'],
          ['ab', 'y'],
        ],
        undefined,
      ),
      'A     B\n漢字  x\nab    y',
    )
  })
  it('cuts lines at the width of the terminal', () => assert.equal(cut('漢字漢字', 5), '漢字…'))
  it('counts wide, combining and joined characters', () => {
    assert.deepEqual(['abc', '漢', 'e\u0301', '🙂'].map(displayWidth), [3, 2, 1, 2])
  })
})

describe('quantities', () => {
  it('read well', () => {
    assert.deepEqual([0, 999, 1000, 12_345_678, 999_600].map(formatBytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '12.3 MB',
      '1.0 MB',
    ])
    assert.deepEqual([0.04, 9.94, 42, 125, 7300, 200_000].map(formatSeconds), [
      '0.0 s',
      '9.9 s',
      '42 s',
      '2 min 5 s',
      '2 h 1 min',
      '2 d 7 h',
    ])
    assert.equal(formatProgress(3, 12, 'packages'), '3 of 12 packages')
    assert.equal(formatProgress(1.5e6, undefined, 'bytes'), '1.5 MB')
    assert.equal(formatAge('2026-11-23T11:59:00Z', new Date('2026-11-23T12:00:00Z')), '60 s')
  })
})

describe('paintFor()', () => {
  it('has colours on a terminal only, and none with NO_COLOR', () => {
    assert.equal(paintFor(true, {}).bad('x'), '\x1b[31mx\x1b[39m')
    assert.equal(paintFor(true, { NO_COLOR: '1' }).bad('x'), 'x')
    assert.equal(paintFor(false, {}).bad('x'), 'x')
  })
})
