import { billFormats, type BillFormat } from '../../model/bill/formats.ts'
import { usage } from '../../model/problems/client.ts'
import { argument, command, option, type Context, type Outcome } from '../command.ts'
import { releaseNumber } from '../release-number.ts'

const app = argument('APP', 'name of the application')
const release = option('--release <RELEASE>', 'release, such as v3 (default: the one that serves)')

export const sbom = command({
  name: 'sbom',
  summary: 'Print what an image is made of, as a bill of materials',
  description: `In CycloneDX 1.6 or SPDX 2.3, made from the lock: every package of the operating system and of the language,
with its hash, where it came from, and its package URL. The same image has the same bill everywhere. Both are also attached to
the image that serves in the store, where other tools find them as its referrers. Licences are not asserted: a lock does not know them.`,
  arguments: { app },
  options: { release, format: option('--format <FORMAT>', 'cyclonedx (default) or spdx') },
  json: 'the document itself, as without `--json`',
  run: ({ app: name, release: wanted, format }, context) =>
    document(context, { app: name, release: wanted, path: 'sbom', query: { format: formatOf(format) } }),
})

export const provenance = command({
  name: 'provenance',
  summary: 'Print how an image came to be: an in-toto statement with SLSA provenance',
  description: `Names the image, the source and the lock that it was built of, and everything that the lock names, by hash. It is
attached to the image that serves as well. \`berth reproduce\` shows that it is true.`,
  arguments: { app },
  options: { release },
  json: 'the document itself, as without `--json`',
  run: ({ app: name, release: wanted }, context) =>
    document(context, { app: name, release: wanted, path: 'provenance', query: {} }),
})

interface Wanted {
  readonly app: string
  readonly release: string | undefined
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

async function document(context: Context, { app: name, release: wanted, path, query }: Wanted): Promise<Outcome> {
  const { release: number } = releaseNumber(name, wanted)
  const search = new URLSearchParams({ ...query, ...(number === undefined ? {} : { release: String(number) }) })
  const found = await (await context.daemon()).get(`/v1/apps/${encodeURIComponent(name)}/${path}?${search.toString()}`)
  return { kind: 'answer', json: found, text: JSON.stringify(found, undefined, 2) }
}

function formatOf(text: string | undefined): BillFormat {
  const format = billFormats.find((known) => known === (text ?? 'cyclonedx'))
  if (format !== undefined) return format
  throw usage({
    message: `${JSON.stringify(text)} is no format of a bill of materials`,
    fix: `Write one of: ${billFormats.join(', ')}`,
  })
}
