import { parseReleaseName } from '../model/names.ts'
import { usage } from '../model/problems/client.ts'

/** Reads the name of a release as the part of a request that it is; nothing for none. @throws usage */
export function releaseNumber(app: string, release: string | undefined): { release?: number } {
  if (release === undefined) return {}
  const number = parseReleaseName(release)
  if (number !== undefined) return { release: number }
  throw usage({
    message: `${JSON.stringify(release)} is no release`,
    fix: `Write it as \`berth releases ${app}\` does, such as v3`,
  })
}
