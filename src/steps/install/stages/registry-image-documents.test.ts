import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Digest } from '../../../model/names.ts'
import { fixedTime } from '../recipe.ts'
import { readDescription } from './registry-image-configuration.ts'
import { UnusableImage } from './registry-image-json.ts'
import { chosenManifest, readManifest } from './registry-image-manifest.ts'

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`
const oci = 'application/vnd.oci.image'
const docker = 'application/vnd.docker'

function refuses(read: () => unknown, says: RegExp): void {
  assert.throws(read, (error) => error instanceof UnusableImage && says.test(error.message))
}

describe('chosenManifest()', () => {
  const list = (...platforms: readonly (object | undefined)[]) =>
    JSON.stringify({
      schemaVersion: 2,
      manifests: platforms.map((platform, index) => ({ digest: digest(String(index)), size: 1, platform })),
    })
  const linux = (architecture: string, variant?: string) => ({ os: 'linux', architecture, variant })

  const cases: { it: string; text: string; architecture: string; gives: Digest | undefined }[] = [
    {
      it: 'takes the one for the processor',
      text: list(linux('arm64'), linux('amd64')),
      architecture: 'amd64',
      gives: digest('1'),
    },
    {
      it: 'knows the variant that is meant anyhow',
      text: list(linux('arm64', 'v8')),
      architecture: 'arm64',
      gives: digest('0'),
    },
    {
      it: 'leaves variants for newer processors',
      text: list(linux('amd64', 'v3'), linux('amd64')),
      architecture: 'amd64',
      gives: digest('1'),
    },
    {
      it: 'leaves what is about other images, or of other systems',
      text: list(
        undefined,
        { os: 'unknown', architecture: 'unknown' },
        { os: 'windows', architecture: 'amd64' },
        linux('amd64'),
      ),
      architecture: 'amd64',
      gives: digest('3'),
    },
    {
      it: 'says nothing of what is no list',
      text: '{"schemaVersion": 2, "layers": []}',
      architecture: 'amd64',
      gives: undefined,
    },
  ]
  for (const { it: name, text, architecture, gives } of cases) {
    it(name, () => assert.equal(chosenManifest(text, architecture), gives))
  }

  it('says for what there are images when there is none for the processor', () => {
    refuses(() => chosenManifest(list(linux('s390x'), linux('arm', 'v7')), 'amd64'), /linux\/s390x, linux\/arm/)
  })
})

function manifest(layerType: string, configType = `${oci}.config.v1+json`, more: object = {}): string {
  const layers = [{ mediaType: layerType, digest: digest('a'), size: 7 }]
  return JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: configType, digest: digest('c'), size: 3 },
    layers,
    ...more,
  })
}

describe('readManifest()', () => {
  const kinds: Record<string, string> = {
    [`${oci}.layer.v1.tar`]: 'none',
    [`${oci}.layer.v1.tar+gzip`]: 'gzip',
    [`${oci}.layer.v1.tar+zstd`]: 'zstd',
    [`${docker}.image.rootfs.diff.tar.gzip`]: 'gzip',
  }
  for (const [kind, compression] of Object.entries(kinds)) {
    it(`takes ${kind}`, () => {
      assert.deepEqual(readManifest(manifest(kind)), {
        config: { digest: digest('c'), size: 3 },
        layers: [{ digest: digest('a'), size: 7, compression }],
      })
    })
  }

  const gzip = `${oci}.layer.v1.tar+gzip`
  const refused: { it: string; text: string; says: RegExp }[] = [
    { it: 'what is no JSON', text: '<html>', says: /no JSON/ },
    { it: 'what is something else', text: '[1]', says: /manifest is not right/ },
    { it: 'the first version', text: '{"schemaVersion": 1, "fsLayers": []}', says: /first version/ },
    { it: 'a list in a list', text: manifest(gzip, undefined, { mediaType: `${oci}.index.v1+json` }), says: /index/ },
    {
      it: 'a chart',
      text: manifest(gzip, 'application/vnd.cncf.helm.config.v1+json'),
      says: /no image of a file system/,
    },
    { it: 'an encrypted layer', text: manifest(`${gzip}+encrypted`), says: /encrypted/ },
    {
      it: 'a layer kept elsewhere',
      text: manifest(`${docker}.image.rootfs.foreign.diff.tar.gzip`),
      says: /kept elsewhere/,
    },
    { it: 'a layer named after what every object has', text: manifest('constructor'), says: /unknown kind/ },
    { it: 'a digest that is a path', text: manifest(gzip).replace(digest('a'), 'sha256:../../etc'), says: /SHA-256/ },
    { it: 'a size below zero', text: manifest(gzip).replace('"size":7', '"size":-7'), says: /layers\.0\.size/ },
    {
      it: 'more layers than can be mounted',
      text: manifest(gzip, undefined, { layers: Array(201).fill({ mediaType: gzip, digest: digest('a'), size: 1 }) }),
      says: /layers/,
    },
  ]
  for (const { it: name, text, says } of refused) it(`refuses ${name}`, () => refuses(() => readManifest(text), says))
})

describe('readDescription()', () => {
  const one = readManifest(manifest(`${oci}.layer.v1.tar`))
  const described = (config: unknown, more: object = {}) =>
    JSON.stringify({
      ...{ architecture: 'amd64', os: 'linux', created: '2020-06-01T00:00:00.5Z', config },
      rootfs: { type: 'layers', diff_ids: [digest('d')] },
      ...more,
    })
  const read = (config: unknown, more?: object) => readDescription(described(config, more), one, 'amd64')

  it('takes what a Dockerfile goes on with', () => {
    const config = {
      Env: ['A=b=c', 'EMPTY='],
      Entrypoint: ['/entry'],
      Cmd: ['a'],
      User: '33:33',
      WorkingDir: '/srv',
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      Labels: { a: 'b' },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['CMD', 'true'], Interval: 5 },
      OnBuild: ['RUN true'],
      Shell: ['/bin/bash', '-c'],
    }
    assert.deepEqual(read({ ...config, Image: 'x', ArgsEscaped: true }), {
      config,
      diffIds: [digest('d')],
      epoch: Date.UTC(2020, 5, 1) / 1000,
    })
  })

  it('takes what is null or empty for what is not there, and one word for a list of one', () => {
    const nothing = {
      Env: null,
      Entrypoint: null,
      Cmd: [],
      User: '',
      Volumes: null,
      Labels: {},
      OnBuild: [],
      Healthcheck: {},
    }
    assert.deepEqual(read(nothing).config, {})
    assert.deepEqual(read(null).config, {})
    assert.deepEqual(read({ Entrypoint: '/entry', Env: ['=x', 'y', 'Z=1'] }).config, {
      Entrypoint: ['/entry'],
      Env: ['Z=1'],
    })
  })

  for (const created of [
    undefined,
    null,
    '',
    'yesterday',
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-01-01T00:00:00Z',
  ]) {
    it(`takes a fixed time for ${JSON.stringify(created)}`, () => assert.equal(read({}, { created }).epoch, fixedTime))
  }

  const refused: { it: string; config?: unknown; more?: object; says: RegExp }[] = [
    { it: 'another processor', more: { architecture: 'arm64' }, says: /linux\/arm64.*linux\/amd64/ },
    { it: 'another system', more: { os: 'windows' }, says: /windows/ },
    { it: 'other layers than the manifest', more: { rootfs: { type: 'layers', diff_ids: [] } }, says: /1 layers.*0/ },
    { it: 'a zero in a variable', config: { Env: ['A=\0'] }, says: /config\.Env\.0/ },
    { it: 'a number for a command', config: { Cmd: 7 }, says: /config\.Cmd/ },
  ]
  for (const { it: name, config = {}, more, says } of refused)
    it(`refuses ${name}`, () => refuses(() => read(config, more), says))
})
