import type { Readable } from 'node:stream'
import { createReadStream, readFile, stat } from '../../host/files.ts'
import { readAttachment } from '../../image/index.ts'
import type { DeployRequest } from '../../model/api.ts'
import { largestAttestation } from '../../model/attestation-files.ts'
import type { BundleDeployRequest, BundleHeader } from '../../model/bundle.ts'
import type { Emit } from '../../model/events.ts'
import { parseLock } from '../../model/lock-file.ts'
import { bundleDamaged } from '../../model/problems/bundle.ts'
import type { Installed } from '../../steps/install/index.ts'
import type { Berth } from '../berth.ts'
import { deploySource } from '../deploy.ts'
import { step } from '../journal.ts'
import { openSource, type Source } from '../source.ts'
import { stageBundle, type StagedBundle } from './staging.ts'

interface BundleInput {
  readonly request: BundleDeployRequest
  readonly archive: Readable
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Deploys a bundle: its image is taken as it is, so that nothing is built and no network is needed. What it was made of
 * comes into the store with it, so it can be built again, and built upon.
 * @throws the problems of reading a bundle, of its manifest, and of deploying
 */
export async function deployBundle(berth: Berth, input: BundleInput): Promise<void> {
  const begun = performance.now()
  using held = await berth.busy.holdStore()
  const { emit, request, signal } = input
  const { header, source: opened } = await retrieveBundle(berth, input)
  await using source = opened
  const install = () =>
    step('install', emit, async () => {
      const installed = await takeImage(berth, header, request.file)
      const summary = `image of the bundle, ${installed.image.layers.length} layers`
      return { result: installed, summary, reused: true }
    })
  await deploySource(berth, source, { request, emit, signal, begun, install })
}

/** The retrieve step: what is wrong with a bundle is known before anything of it is kept. */
function retrieveBundle(
  berth: Berth,
  { request: { file }, archive, emit, signal }: BundleInput,
): Promise<{ header: BundleHeader; source: Source }> {
  return step('retrieve', emit, async () => {
    const bytes = archive as AsyncIterable<Uint8Array> // a body that nobody has set an encoding for
    await using staged = await stageBundle(berth, { file, bytes, signal, onProgress: progressOf(emit) })
    const { header } = staged
    parseLock(await readFile(staged.pathOf(header.lock), 'utf8'), `berth.lock in ${file}`)
    const source = await openStaged(berth, staged, { file, signal })
    try {
      await staged.keep()
      const { signatures, attestations = [] } = header
      for (const attached of [...signatures, ...attestations]) await berth.images.listAttachment(attached)
    } catch (error) {
      await source[Symbol.asyncDispose]()
      throw error
    }
    return {
      result: { header, source },
      summary: `${header.members.length} members of ${file}, all as they were written`,
    }
  })
}

/** @throws bundleDamaged when it is the source of another application */
async function openStaged(
  berth: Berth,
  { header, pathOf }: StagedBundle,
  { file, signal }: { file: string; signal: AbortSignal },
): Promise<Source> {
  const { app, manifest, source } = header
  const request: DeployRequest = {
    fallbackName: app,
    manifestPath: `berth.toml in ${file}`,
    lockPath: `berth.lock in ${file}`,
    origin: `bundle ${file}`,
    ...{ set: {}, goal: 'deploy', locked: true },
    ...(manifest === undefined ? {} : { manifest: await readFile(pathOf(manifest), 'utf8') }),
    attestations: await statementsIn(header, pathOf),
  }
  const archive = createReadStream(pathOf(source))
  const opened = await openSource(berth, { request, archive, emit: () => undefined, signal })
  if (opened.retrieved.app === app) return opened
  await opened[Symbol.asyncDispose]()
  throw bundleDamaged({ file, reason: `its manifest is not that of ${app}` })
}

/** What others have signed of the image, of whose members the reader has made sure. */
async function statementsIn({ attestations = [] }: BundleHeader, pathOf: StagedBundle['pathOf']): Promise<string[]> {
  const statements: string[] = []
  for (const digest of attestations) {
    const document = readAttachment(await readFile(pathOf(digest), 'utf8'))?.document.digest
    const size = document === undefined ? Infinity : (await stat(pathOf(document))).size
    if (document !== undefined && size <= largestAttestation) statements.push(await readFile(pathOf(document), 'utf8'))
  }
  return statements
}

async function takeImage({ images }: Berth, header: BundleHeader, file: string): Promise<Installed> {
  const lock = await images.blobs.readText(header.lock)
  if (lock === undefined) throw bundleDamaged({ file, reason: 'its lock is not in it' })
  return { image: await images.readImage(header.image), lock: parseLock(lock, `berth.lock in ${file}`) }
}

/** A few events a second. */
function progressOf(emit: Emit): (done: number, total: number) => void {
  let last = 0
  return (done, total) => {
    if (Date.now() - last < 200) return
    last = Date.now()
    emit({ kind: 'progress', step: 'retrieve', what: 'checked', done, total, unit: 'bytes' })
  }
}
