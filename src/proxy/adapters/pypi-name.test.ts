import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normaliseName, parseFileName } from './pypi-name.ts'
import { compareVersions, isPreRelease, normaliseVersion, versionKey } from './pypi-version.ts'

describe('parseFileName()', () => {
  const cases: { file: string; project?: string; is: string | undefined }[] = [
    { file: 'Flask-0.10.1.tar.gz', is: 'flask 0.10.1 sdist' },
    { file: 'Flask_CORS-3.0.10-py2.py3-none-any.whl', is: 'flask-cors 3.0.10 wheel' },
    { file: 'torch-2.0.0+cpu-cp311-cp311-linux_x86_64.whl', is: 'torch 2.0.0+cpu wheel' },
    { file: 'pkg-1.0-1build-py3-none-any.whl', is: 'pkg 1.0 wheel' },
    { file: 'setuptools-0.6c11-py2.7.egg', is: 'setuptools 0.6rc11 egg' },
    { file: 'PyYAML-3.10_r1-py2.7-linux-x86_64.egg', is: 'pyyaml 3.10.post1 egg' },
    { file: 'python-dateutil-2.8.2.tar.gz', is: 'python-dateutil 2.8.2 sdist' },
    { file: 'foo-2-1.0.zip', is: 'foo-2 1.0 sdist' },
    { file: 'foo-2-1.0.zip', project: 'foo-2', is: 'foo-2 1.0 sdist' },
    { file: 'foo-2-1.zip', project: 'foo-2', is: 'foo-2 1 sdist' },
    { file: 'foo-2-1.zip', project: 'foo', is: 'foo 2.post1 sdist' },
    { file: 'zope.interface-4.1.3.tar.bz2', project: 'zope-interface', is: 'zope-interface 4.1.3 sdist' },
    { file: 'pytz-2012c.tar.gz', is: 'pytz 2012rc0 sdist' },
    { file: 'BeautifulSoup-3.0.7a-final.tgz', project: 'beautifulsoup', is: 'beautifulsoup 3.0.7a-final sdist' },
    { file: 'flask-1.0.tar.gz', project: 'django', is: undefined },
    { file: 'flask-1.0-py3-none-any.whl', project: 'django', is: undefined },
    { file: 'flask.tar.gz', is: undefined },
    { file: 'flask-1.0.exe', is: undefined },
    { file: 'flask-1.0-py3-none.whl', is: undefined },
    { file: '../../etc/flask-1.0.tar.gz', is: undefined },
    { file: 'flask-1.0">.tar.gz', is: undefined },
    { file: 'flask-1.0.tar.gz\n', is: undefined },
    { file: `${'a'.repeat(300)}-1.0.tar.gz`, is: undefined },
    { file: `${'-'.repeat(200)}.tar.gz`, is: undefined },
  ]
  for (const { file, project, is } of cases) {
    it(`reads ${JSON.stringify(file.slice(0, 60))}${project === undefined ? '' : ` of ${project}`}`, () => {
      const found = parseFileName(file, project)
      assert.equal(found && `${found.name} ${found.version} ${found.type}`, is)
    })
  }
})

describe('normaliseName()', () => {
  it('has one spelling for one project', () => {
    assert.deepEqual(['Flask_CORS', 'flask.cors', 'FLASK-.-cors'].map(normaliseName), Array(3).fill('flask-cors'))
  })
})

describe('normaliseVersion()', () => {
  const cases = [
    ['1.0', '1.0'],
    ['v1.0', '1.0'],
    ['1.0-RC.1', '1.0rc1'],
    ['1.0preview2', '1.0rc2'],
    ['1.0-1', '1.0.post1'],
    ['1.0rev', '1.0.post0'],
    ['1!2.0.dev03', '1!2.0.dev3'],
    ['1.0+Ubuntu-1', '1.0+ubuntu.1'],
    ['20231231235959123456789', '20231231235959123456789'],
    ['final-1', 'final-1'],
  ] as const
  for (const [text, normal] of cases)
    it(`makes ${normal} of ${text}`, () => assert.equal(normaliseVersion(text), normal))

  it('knows the same version by other zeros', () => {
    assert.equal(versionKey('1.0'), versionKey('1.0.0'))
    assert.equal(versionKey('0.0'), versionKey('0'))
    assert.notEqual(versionKey('1.0'), versionKey('10'))
  })
})

describe('compareVersions()', () => {
  it('orders as PEP 440 does', () => {
    const ordered = [
      ...['oldest-of-all', '0.9', '1.0.dev1', '1.0a1.dev1', '1.0a1', '1.0a2', '1.0b1', '1.0rc1', '1.0', '1.0+local'],
      ...['1.0.post1.dev1', '1.0.post1', '1.0.1', '1.10', '2014.1', '1!0.1'],
    ]
    assert.deepEqual(ordered.toReversed().toSorted(compareVersions), ordered)
    assert.equal(compareVersions('1.0', '1.0.0'), 0)
    assert.deepEqual(['1.0rc1', '1.0.dev1', '1.0', '1.0.post1'].map(isPreRelease), [true, true, false, false])
  })
})
