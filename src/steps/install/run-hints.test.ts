import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseManifest } from '../../model/parse-manifest.ts'
import { planDockerfile } from './plan-dockerfile.ts'
import { plannedRunHints, runHints } from './run-hints.ts'

function hintsOf(lines: readonly string[], manifest = ''): string[] {
  const facts = {
    top: ['Dockerfile'],
    files: new Set(['Dockerfile']),
    texts: new Map([['Dockerfile', lines.join('\n')]]),
    architecture: 'x64',
  }
  return plannedRunHints(planDockerfile(parseManifest(manifest, 'berth.toml'), facts)).map(({ message }) => message)
}

const cases: { it: string; lines: readonly string[]; manifest?: string; says: readonly RegExp[] }[] = [
  {
    it: 'a volume that nothing can be written to',
    lines: ['VOLUME /var/lib/shop-data/'],
    says: [/`shop-data = \{ path = "\/var\/lib\/shop-data" \}`/],
  },
  {
    it: 'nothing of volumes that the manifest has',
    lines: ['VOLUME ["/data", "/data/more"]'],
    manifest: '[isolation.volumes]\ndata = { path = "/data" }\n',
    says: [],
  },
  {
    it: 'a signal that is not sent',
    lines: ['STOPSIGNAL SIGSTOP'],
    says: [/^STOPSIGNAL SIGSTOP is not sent, but SIGTERM/],
  },
  { it: 'a signal that is none', lines: ['STOPSIGNAL 99'], says: [/^STOPSIGNAL 99 is not sent.*no such signal/] },
  { it: 'nothing of a signal that is sent', lines: ['STOPSIGNAL SIGRTMIN+3'], says: [] },
  {
    it: 'a check of health that the manifest has another for',
    lines: ['HEALTHCHECK CMD true'],
    manifest: '[start]\nhealth = "/up"\n',
    says: [/^HEALTHCHECK is not run/],
  },
  { it: 'nothing of a check of health that is run', lines: ['HEALTHCHECK CMD true'], says: [] },
  {
    it: 'a user',
    lines: ['ARG WHO=keeper', 'USER $WHO'],
    says: [/^USER keeper is for the build.*only keeper may read.*chmod o\+rX.*isolation\.volumes/],
  },
  { it: 'what a stage below says', lines: ['USER one', 'FROM base', 'VOLUME /x'], says: [/^VOLUME \/x/, /^USER one/] },
  { it: 'nothing that only the image can tell', lines: ['USER ${WHO:?nobody}'], says: [] },
]

describe('plannedRunHints()', () => {
  for (const { it: name, lines, manifest, says } of cases) {
    it(`tells of ${name}`, () => {
      const hints = hintsOf(['FROM debian:bookworm AS base', ...lines, 'CMD ["true"]'], manifest)
      assert.equal(hints.length, says.length, hints.join('\n'))
      for (const [index, wanted] of says.entries()) assert.match(hints[index] ?? '', wanted)
    })
  }
})

const nothing = { directories: [], asksHealth: false }

describe('runHints()', () => {
  it('knows what an image brings along', () => {
    const [hint, ...others] = runHints({ Volumes: { '/var/lib/postgresql/data': {} } }, nothing)
    assert.ok(hint?.matters && others.length === 0)
    assert.match(hint.message, /`data = \{ path = "\/var\/lib\/postgresql\/data" \}`/)
  })
})
