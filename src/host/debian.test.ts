import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy, parsePrintedUris } from './debian-apt.ts'
import { parseMirror } from './debian-mirror.ts'
import { parseAttributes } from './file-attributes.ts'

describe('parseMirror()', () => {
  const cases: { it: string; lines: string[]; gives: unknown }[] = [
    {
      it: 'tells the security archive from the main one',
      lines: ['Debian|bookworm-security|http://s/debian-security/', 'Debian|bookworm-updates|http://m/debian'],
      gives: { main: 'http://m/debian/', security: 'http://s/debian-security/' },
    },
    {
      it: 'knows Debian by the names of its releases while lists were never fetched',
      lines: ['$(ORIGIN)|bookworm|http://m/debian/'],
      gives: { main: 'http://m/debian/' },
    },
    {
      it: 'does not take another distribution for Debian',
      lines: ['Ubuntu|noble|http://u/ubuntu/', 'nodistro|nodistro|http://n/'],
      gives: undefined,
    },
  ]
  for (const { it: name, lines, gives } of cases) it(name, () => assert.deepEqual(parseMirror(lines.join('\n')), gives))
})

describe('parsePolicy()', () => {
  it('reads the candidate of each package, and none where there is none', () => {
    const text = [
      'bash:',
      '  Installed: (none)',
      '  Candidate: 5.2.15-2+b8',
      '  Version table:',
      '     5.2.15-2+b8 500',
      '        500 http://m/debian bookworm/main amd64 Packages',
      'gone:',
      '  Installed: (none)',
      '  Candidate: (none)',
      'bind9:amd64:',
      '  Candidate: 1:9.18.28-1',
    ].join('\n')
    assert.deepEqual(
      [...parsePolicy(text)],
      [
        ['bash', '5.2.15-2+b8'],
        ['bind9', '1:9.18.28-1'],
      ],
    )
  })
})

describe('parsePrintedUris()', () => {
  it('reads names, versions with escapes, sizes and hashes, and nothing else', () => {
    const hash = 'a'.repeat(64)
    const line = `'http://m/pool/g/gcc-12-base_12.2.0-14%2bdeb12u1_amd64.deb' gcc-12-base_1%3a12.2.0_amd64.deb 37592 SHA256:${hash}`
    const [deb, ...rest] = parsePrintedUris(`Reading package lists...\n${line}\n`)
    assert.deepEqual(rest, [])
    assert.deepEqual([deb?.name, deb?.version, deb?.bytes, deb?.sha256], ['gcc-12-base', '1:12.2.0', 37592, hash])
  })
})

describe('parseAttributes()', () => {
  it('reads escaped names and binary values', () => {
    const dump = '# file: /r/a\\012b\nsecurity.capability=0x0100ff\n\n# file: /r\ntrusted.overlay.opaque=0x79\n\n'
    const found = parseAttributes(dump, '/r')
    assert.equal(found.get('a\nb')?.get('security.capability')?.toString('hex'), '0100ff')
    assert.equal(found.get('')?.get('trusted.overlay.opaque')?.toString(), 'y')
  })
})
