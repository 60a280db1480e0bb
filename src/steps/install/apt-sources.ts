import { join } from 'node:path'
import type { Deb } from '../../host/debian-apt.ts'
import * as files from '../../host/files.ts'
import { runPipeline } from '../../host/pipeline.ts'
import { buildImpossible } from '../../model/problems/install.ts'
import type { LayerWork } from './layer-work.ts'

const examples = ['sources.list', 'debian.sources'].map((name) => `./usr/share/doc/apt/examples/${name}`)

/**
 * Where the image's own apt finds its packages: in Debian's archive, as the example in the package of apt names it, with
 * the pockets that every release has.
 */
export async function writeAptSources(work: LayerWork, suite: string, debs: readonly Deb[]): Promise<void> {
  const apt = debs.find(({ name }) => name === 'apt')
  const text = apt ? await readExamples(work, apt) : ''
  const archive = /\bhttps?:\/\/\S+\/debian(?=\/?\s)/.exec(text)?.[0]
  if (archive === undefined) throw buildImpossible({ what: 'apt', reason: 'its package names no archive' })
  const pockets = [`${archive} ${suite}`, `${archive} ${suite}-updates`, `${archive}-security ${suite}-security`]
  await files.mkdir(join(work.upper, 'etc/apt'), { recursive: true })
  await files.writeFile(join(work.upper, 'etc/apt/sources.list'), pockets.map((each) => `deb ${each} main\n`).join(''))
}

async function readExamples({ directory, workshop }: LayerWork, { sha256 }: Deb): Promise<string> {
  const target = join(directory, 'apt')
  await files.mkdir(target)
  const deb = workshop.store.blobs.path(`sha256:${sha256}`)
  await runPipeline(
    ['dpkg-deb', '--fsys-tarfile', deb],
    ['tar', '--extract', `--directory=${target}`, '--wildcards', './usr/share/doc/apt/examples/*'],
    workshop.signal,
  )
  const texts = await Promise.all(examples.map((path) => files.readText(join(target, path))))
  return texts.join('\n')
}
