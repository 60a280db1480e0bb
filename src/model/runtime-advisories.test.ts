import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { advisoriesOfRunc } from './runtime-advisories.ts'

const open = (version: string, packaged?: string) =>
  advisoriesOfRunc(version, packaged)
    .filter(({ state }) => state !== 'fixed')
    .map(({ cve, state }) => `${cve.slice(4)} ${state}`)

describe('advisoriesOfRunc()', () => {
  const three = ['2025-31133', '2025-52565', '2025-52881']
  const cases: { it: string; version: string; packaged?: string; open: string[] }[] = [
    { it: 'has nothing to say of a series that came after all of them', version: '1.5.0', open: [] },
    { it: 'goes by the series', version: '1.3.3', open: ['2026-41579 open'] },
    { it: 'knows older series as not mended', version: '1.2.9', open: ['2026-41579 open'] },
    {
      it: 'tells candidates from releases',
      version: '1.4.0-rc.2',
      open: [...three.map((cve) => `${cve} open`), '2026-41579 open'],
    },
    { it: 'counts candidates', version: '1.4.0-rc.3', open: ['2026-41579 open'] },
    {
      it: "knows what Debian's package mends, and that it ends there",
      version: '1.1.5+ds1',
      packaged: '1.1.5+ds1-1+deb12u1',
      open: [...three.map((cve) => `${cve} open`), '2026-41579 open'],
    },
    {
      it: 'says nothing of a package that it does not know',
      version: '1.1.15+ds1',
      packaged: '1.1.15+ds1-2+b4',
      open: [...three.map((cve) => `${cve} unknown`), '2026-41579 unknown'],
    },
    {
      it: 'finds everything in a very old one',
      version: '1.0.0-rc6',
      open: ['2019-5736 open', '2024-21626 open', ...three.map((cve) => `${cve} open`), '2026-41579 open'],
    },
  ]
  for (const { it: says, version, packaged, open: wanted } of cases) {
    it(says, () => assert.deepEqual(open(version, packaged), wanted))
  }

  it('does not guess what is no version', () => {
    assert.ok(advisoriesOfRunc('commit-unknown').every(({ state }) => state === 'unknown'))
  })
})
