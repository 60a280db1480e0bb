import { parseObject, readPackument, seenThrough } from '../adapters/npm-packument.ts'
import { requireFound, type FindNewest } from './newest.ts'

/** What `npm install NAME` would take. The registry is where the tarball came from: `…/NAME/-/FILE.tgz`. */
export const newestNpm: FindNewest = async ({ name, url }, { ask, asOf }) => {
  const address = packumentAddress(name, url)
  if (!address) throw new Error('its address does not tell its registry')
  // Times are in the full format only.
  const accept = asOf ? 'application/json' : 'application/vnd.npm.install-v1+json'
  const document = await ask(address, { headers: { accept } })
  requireFound(document)
  const packument = readPackument(parseObject(document.body.toString('utf8')))
  if (!packument) throw new Error(`${address.host} sent no description of a package`)
  const version = seenThrough({ asOf, held: [] }, packument)['dist-tags']['latest']
  if (version === undefined) throw new Error(`${address.host} has no version of it that may be seen`)
  return { version }
}

function packumentAddress(name: string, tarball: string): URL | undefined {
  const url = URL.parse(tarball)
  const end = url ? decodeURIComponent(url.pathname).lastIndexOf(`/${name}/-/`) : -1
  if (!url || end < 0) return undefined
  return new URL(`${url.pathname.slice(0, end)}/${name.replace('/', '%2f')}`, url)
}
