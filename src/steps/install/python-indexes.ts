import { join } from 'node:path'
import { z } from 'zod'
import * as files from '../../host/files.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import type { Cache } from '../../image/index.ts'
import { pythonIndexOf } from '../../proxy/newest/index.ts'

/**
 * Which Python indexes builds have asked. A lock holds the addresses of files, and those do not tell of which index they
 * are; it is only needed to ask what is new.
 */

const mostKept = 8

const IndexList = z.array(z.url())

/** Those that `BERTH_PYPI_INDEX` names come first, then those that builds asked, the last one first. */
export async function pythonIndexes(cache: Cache, environment: NodeJS.ProcessEnv): Promise<URL[]> {
  const named = (environment['BERTH_PYPI_INDEX'] ?? '').split(/\s+/).filter(Boolean)
  return [...named, ...(await readKnown(cache))].flatMap((text) => {
    const url = URL.parse(text.endsWith('/') ? text : `${text}/`)
    return url ? [url] : []
  })
}

/** @param addresses What a build asked for, and got */
export async function rememberPythonIndexes(cache: Cache, addresses: Iterable<string>): Promise<void> {
  const asked = new Set([...addresses].flatMap((address) => pythonIndexOf(address)?.href ?? []))
  if (asked.size === 0) return
  await oneAtATime(placeOf(cache), async () => {
    const known = await readKnown(cache)
    const all = [...new Set([...asked, ...known])].slice(0, mostKept)
    if (JSON.stringify(all) === JSON.stringify(known)) return
    await files.mkdir(cache.workDirectory('registries'), { recursive: true })
    await files.replaceFile(placeOf(cache), `${JSON.stringify(all)}\n`)
  })
}

async function readKnown(cache: Cache): Promise<string[]> {
  const text = await files.readText(placeOf(cache))
  try {
    return text === undefined ? [] : IndexList.parse(JSON.parse(text))
  } catch {
    return [] // a cache: the next recording writes it anew
  }
}

function placeOf(cache: Cache): string {
  return join(cache.workDirectory('registries'), 'python-indexes.json')
}
