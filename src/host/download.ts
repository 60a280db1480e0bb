import { requestHttp, requestHttps, type IncomingMessage } from './http.ts'
import { trustHostCertificates } from './tls.ts'

/** Fetching over HTTP from the host itself; builds go through their proxy instead. */

export interface DownloadOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** The server's answer was not 200. */
export class DownloadRefused extends Error {
  readonly status: number
  constructor(status: number) {
    super(`the server answered ${status}`)
    this.name = 'DownloadRefused'
    this.status = status
  }
}

const redirectsAllowed = 5
const secondsOfSilence = 60

/**
 * Fetches a URL and hands on its body in chunks. Gives up when nothing comes for a minute.
 * @throws DownloadRefused for an answer other than 200; an Error that says why when there is no answer.
 */
export async function* download(url: string, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  await trustHostCertificates()
  const response = await follow(url, options, redirectsAllowed)
  if (response.statusCode !== 200) {
    response.destroy()
    throw new DownloadRefused(response.statusCode ?? 0)
  }
  for await (const chunk of response) yield chunk as Uint8Array
}

/** Fetches a URL as text. @throws as `download` does. */
export async function downloadText(url: string, options: DownloadOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of download(url, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function follow(url: string, options: DownloadOptions, redirectsLeft: number): Promise<IncomingMessage> {
  const response = await answer(url, options)
  const { location } = response.headers
  const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0)
  if (!isRedirect || location === undefined || redirectsLeft === 0) return response
  response.destroy()
  return follow(new URL(location, url).href, options, redirectsLeft - 1)
}

async function answer(url: string, { headers, signal }: DownloadOptions): Promise<IncomingMessage> {
  const { protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`cannot fetch over ${protocol}`)
  const send = protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const asking = send(url, { signal, headers: { ...headers } }, resolve)
    asking.setTimeout(secondsOfSilence * 1000, () =>
      asking.destroy(new Error(`nothing came for ${secondsOfSilence} s`)),
    )
    asking.once('error', reject)
    asking.end()
  })
}
