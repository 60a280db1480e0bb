import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { joinPath } from './paths.ts'
import { placeSources, type KindAt } from './place-sources.ts'
import { selectSources } from './select-sources.ts'
import { SourceTree, type TreeEntry } from './source-tree.ts'
import { TextFault } from './text-fault.ts'

/** What a program that called BuildKit's copier found in the target afterwards. */
interface Case {
  readonly it: string
  readonly sources: readonly string[]
  readonly destination: string
  readonly parents?: boolean
  readonly exclude?: readonly string[]
  readonly existing?: readonly string[]
  readonly error?: string
  readonly result?: readonly string[]
}

const file = join(import.meta.dirname, '../../../../tests/fixtures/dockerfiles/copies.json')
const fixture = JSON.parse(readFileSync(file, 'utf8')) as { tree: readonly string[]; cases: readonly Case[] }

function entryOf(line: string): TreeEntry {
  const [path = '', target] = line.split(' -> ')
  if (target !== undefined) return { path, kind: 'link', target }
  return path.endsWith('/') ? { path: path.slice(0, -1), kind: 'directory' } : { path, kind: 'file' }
}

const tree = new SourceTree(fixture.tree.map(entryOf))

/** The target's content as the program printed it: files say where they come from. */
function copy({ sources, destination, parents = false, exclude = [], existing = [] }: Case): string[] {
  const before = new SourceTree(existing.map(entryOf))
  const kindAt: KindAt = (path) => {
    const kind = before.get(path.slice(1))?.kind
    return kind === undefined || kind === 'directory' ? kind : 'file'
  }
  const selections = sources.flatMap((pattern) => selectSources(tree, { pattern }, { exclude, parents }))
  const lines = new Map(
    existing.flatMap(withParents).map((line) => [line, line.endsWith('/') ? line : `${line} = ${line}`]),
  )
  for (const { kind, from, to } of placeSources(selections, destination, kindAt)) {
    const path = to.slice(1)
    const link = tree.get(from)
    for (const above of withParents(path).slice(0, -1)) lines.set(above, above)
    if (kind === 'directory') lines.set(`${path}/`, `${path}/`)
    else lines.set(path, link?.kind === 'link' ? `${path} -> ${link.target}` : `${path} = ${from}`)
  }
  return [...lines.values()].filter((line) => line !== '/').sort()
}

function withParents(path: string): string[] {
  const parts = path.split('/')
  return parts.map((part, index) => (index < parts.length - 1 ? `${joinPath(...parts.slice(0, index + 1))}/` : path))
}

describe('placeSources()', () => {
  for (const one of fixture.cases) {
    if (one.error === undefined) it(one.it, () => assert.deepEqual(copy(one), one.result))
    else it(one.it, () => assert.throws(() => copy(one), TextFault))
  }

  it('refuses several files that would all become the target', () => {
    assert.throws(() => copy({ it: '', sources: ['a.txt', 'b.txt'], destination: '/x' }), TextFault)
    assert.throws(() => copy({ it: '', sources: ['*.txt'], destination: '/x' }), TextFault)
  })

  it('leaves out files that wildcards match and --exclude names, as documented', () => {
    assert.deepEqual(copy({ it: '', sources: ['hom*'], destination: '/x/', exclude: ['*.txt'] }), [
      'x/',
      'x/home.md = home.md',
    ])
  })

  it('unpacks an archive into the target, whatever is written at its end', () => {
    const archive = { path: 'a.tar', name: 'a.tar', kind: 'archive', content: [] } as const
    assert.deepEqual(
      placeSources([archive], '/x', () => undefined),
      [{ kind: 'archive', from: 'a.tar', to: '/x' }],
    )
  })

  it('takes a tree of many files and patterns in little time', () => {
    const entries = Array.from({ length: 30_000 }, (_, index) => entryOf(`d${index % 97}/e${index % 13}/f${index}.txt`))
    const exclude = ['**/node_modules', '*.md', '!README.md', 'd1/**', '**/f9*.txt', '.git', 'dist', 'build/**/x']
    const [selection] = selectSources(new SourceTree(entries), { pattern: '/' }, { exclude, parents: false })
    assert.ok((selection?.content.length ?? 0) > 20_000)
  })
})
