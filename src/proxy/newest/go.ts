import { z } from 'zod'
import { compareVersions } from '../../model/versions/compare.ts'
import type { Document } from '../adapter.ts'
import { requireFound, type FindNewest, type Looking } from './newest.ts'

/** Of a version: its name and when it was committed (go.dev/ref/mod, "GOPROXY protocol"). */
const Info = z.object({ Version: z.string(), Time: z.string().optional() })

/** How many versions are asked for their time, from the highest down. */
const mostAsked = 30

/** What `go get MODULE@latest` would take. The module's proxy is where the zip came from: `…/MODULE/@v/VERSION.zip`. */
export const newestGo: FindNewest = async ({ url }, looking) => {
  const end = url.indexOf('/@v/')
  if (end < 0) throw new Error('its address does not tell its proxy')
  const base = url.slice(0, end)
  const latest = await infoAt(`${base}/@latest`, looking)
  if (isSeen(latest, looking)) return { version: latest.Version }
  const list = await looking.ask(new URL(`${base}/@v/list`))
  requireFound(list)
  const versions = textOf(list).split(/\s+/).filter(Boolean)
  const descending = versions.toSorted((one, other) => compareVersions('go', other, one))
  const stable = descending.filter((version) => !version.includes('-'))
  for (const version of [...stable, ...descending].slice(0, mostAsked)) {
    if (isSeen(await infoAt(`${base}/@v/${escaped(version)}.info`, looking), looking)) return { version }
  }
  throw new Error(`none of its last ${mostAsked} versions is old enough`)
}

async function infoAt(address: string, { ask }: Looking): Promise<z.infer<typeof Info>> {
  const document = await ask(new URL(address))
  requireFound(document)
  const info = Info.safeParse(parseJson(textOf(document))).data
  if (!info) throw new Error(`${document.url.host} sent no version`)
  return info
}

function isSeen({ Time: time }: z.infer<typeof Info>, { asOf }: Looking): boolean {
  return asOf === undefined || (time !== undefined && Date.parse(time) <= asOf.getTime())
}

/** Capitals are written as `!` and a small letter (go.dev/ref/mod, "Module proxy"). */
function escaped(version: string): string {
  return version.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

function textOf({ body }: Document): string {
  return body.toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
