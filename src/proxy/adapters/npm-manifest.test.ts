import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { abbreviate, manifestOf, withoutDependencies } from './npm-manifest.ts'
import type { Fields } from './npm-packument.ts'

const published = { name: '@scope/x', version: '1.0.0', url: 'https://registry.example.org/x.tgz' }

function manifest(fields: Fields, files: readonly string[] = ['package.json']) {
  return manifestOf(published, { fields, files, integrity: 'sha512-AAAA', shasum: 'aaaa' })
}

describe('manifestOf()', () => {
  const cases: { it: string; fields: Fields; files?: string[]; expected: Fields }[] = [
    {
      it: 'believes the lock on name and version, and itself on the rest',
      fields: { name: 'other', version: '=v1.0', dist: 'mine', _id: 'mine', main: 'x.js' },
      expected: { name: '@scope/x', version: '1.0.0', _id: '@scope/x@1.0.0', main: 'x.js' },
    },
    { it: 'names a lone command after the package', fields: { bin: './cli.js' }, expected: { bin: { x: './cli.js' } } },
    {
      it: 'finds commands in a folder',
      fields: { directories: { bin: './bin/' } },
      files: ['bin/a', 'bin/b.js', 'bin/.hidden', 'binary', 'lib/c'],
      expected: { bin: { a: 'bin/a', 'b.js': 'bin/b.js' } },
    },
    {
      it: 'prefers commands that are named to a folder of them',
      fields: { bin: { y: 'y.js' }, directories: { bin: 'bin' } },
      files: ['bin/a'],
      expected: { bin: { y: 'y.js' } },
    },
    {
      it: 'bundles everything',
      fields: { dependencies: { a: '1' }, bundledDependencies: true },
      expected: { bundleDependencies: ['a'] },
    },
    { it: 'bundles what is listed', fields: { bundleDependencies: ['a', 7] }, expected: { bundleDependencies: ['a'] } },
    {
      it: 'knows scripts that run at install',
      fields: { scripts: { postinstall: 'x' } },
      expected: { hasInstallScript: true },
    },
    {
      it: 'builds what has a binding.gyp',
      fields: {},
      files: ['binding.gyp'],
      expected: { gypfile: true, hasInstallScript: true },
    },
    { it: 'knows a shrinkwrap', fields: {}, files: ['npm-shrinkwrap.json'], expected: { _hasShrinkwrap: true } },
    {
      it: 'reads dependencies that are a list',
      fields: { dependencies: ['a@^1.0.0', '@s/b@2', 'c >=1 <2', 'd', '', 7] },
      expected: { dependencies: { a: '^1.0.0', '@s/b': '2', c: '>=1 <2', d: '' } },
    },
    {
      it: 'reads dependencies that are a line',
      fields: { dependencies: 'a 1.0.0, b' },
      expected: { dependencies: { a: '1.0.0', b: '' } },
    },
    {
      it: 'drops ranges that are no text',
      fields: { dependencies: { a: '1', b: 7, c: null }, peerDependencies: { d: {} } },
      expected: { dependencies: { a: '1' }, peerDependencies: {} },
    },
  ]
  for (const { it: name, fields, files, expected } of cases) {
    it(name, () => {
      const made = manifest(fields, files)
      const found = Object.fromEntries(Object.keys(expected).map((field) => [field, made[field]]))
      assert.deepEqual(found, expected)
      assert.deepEqual(made['dist'], { integrity: 'sha512-AAAA', shasum: 'aaaa', tarball: published.url })
    })
  }

  it('says nothing that is not so', () => {
    const { hasInstallScript, gypfile, ...rest } = manifest({ gypfile: false, scripts: { test: 'x' } }, ['binding.gyp'])
    assert.deepEqual(
      [hasInstallScript, gypfile, 'bin' in rest, 'dependencies' in rest],
      [undefined, false, false, false],
    )
  })
})

describe('withoutDependencies()', () => {
  it('leaves out what there is none of, wherever it is listed', () => {
    const made = { version: '1.0.0', dependencies: { a: '1', b: '1' }, optionalDependencies: { b: '1', c: '1' } }
    const less = { version: '1.0.0', dependencies: { a: '1' }, optionalDependencies: { c: '1' } }
    assert.deepEqual(withoutDependencies(made, new Set(['b', 'x'])), less)
    assert.deepEqual(withoutDependencies({ version: '1.0.0' }, new Set(['b'])), { version: '1.0.0' })
  })
})

describe('abbreviate()', () => {
  it('keeps what installing needs', () => {
    const fields = {
      os: ['linux'],
      libc: ['glibc'],
      engines: { node: '>=4' },
      scripts: {},
      readme: 'long',
      license: 'MIT',
    }
    const short = abbreviate(manifest(fields))
    assert.deepEqual(Object.keys(short).sort(), ['_hasShrinkwrap', 'dist', 'engines', 'libc', 'name', 'os', 'version'])
  })
})
