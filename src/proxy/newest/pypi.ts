import { acceptBest } from '../adapters/pypi-accept.ts'
import { newestVersion, type IndexFile } from '../adapters/pypi-index.ts'
import { readPage } from '../adapters/pypi-read.ts'
import { readRequest } from '../adapters/pypi-request.ts'
import { versionKey } from '../adapters/pypi-version.ts'
import { hide } from '../adapters/pypi-visible.ts'
import type { FindNewest, Looking } from './newest.ts'

/** What `pip install NAME` would take if every Python would do. The index is the first one that has the locked version. */
export const newestPypi: FindNewest = async ({ name, version }, looking) => {
  if (looking.pythonIndexes.length === 0)
    throw new Error('no index is known: `berth lock` on this host learns it, and BERTH_PYPI_INDEX names one')
  const pages: IndexFile[][] = []
  let failure: unknown
  for (const index of looking.pythonIndexes) {
    try {
      pages.push(await filesAt(index, name, looking))
    } catch (error) {
      failure = error
    }
  }
  const has = (files: readonly IndexFile[]) => files.some((file) => versionKey(file.version) === versionKey(version))
  const files = pages.find(has) ?? pages[0]
  if (!files) throw failure
  const seen = hide(name, files, { asOf: looking.asOf, held: [] }).files.filter(({ yanked }) => yanked === undefined)
  const newest = newestVersion(seen)
  if (newest === undefined) throw new Error('its index has no version of it that may be seen')
  const requiresPython = seen.find((file) => file.version === newest)?.requiresPython
  return { version: newest, ...(requiresPython === undefined ? {} : { requiresPython }) }
}

async function filesAt(index: URL, name: string, { ask }: Looking): Promise<IndexFile[]> {
  const document = await ask(new URL(`${name}/`, index), { headers: { accept: acceptBest } })
  if (document.status !== 200) throw new Error(`${document.url.host} answered ${document.status}`)
  const files = readPage(document, name, true)
  if (!files) throw new Error(`${document.url.host} sent no index`)
  return files
}

/** The index that a request of a build was for, such as `https://example.org/simple/`; undefined when it was for none. */
export function pythonIndexOf(address: string): URL | undefined {
  const url = URL.parse(address)
  const request = url && { method: 'GET', url, headers: {}, body: () => Promise.resolve(Buffer.alloc(0)) }
  const wanted = request ? readRequest(request) : undefined
  if (wanted?.kind !== 'project' || !url) return undefined
  return new URL(url.pathname.endsWith('/') ? '../' : './', url)
}
