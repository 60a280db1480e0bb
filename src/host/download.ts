import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import * as files from './files.ts'

/** Fetching over HTTP from the host itself; builds go through their proxy instead. */

/** Where distributions keep the certificates that the host trusts, Debian's first. */
const certificateBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/** The host's own bundle of trusted certificates, when it has one. */
export async function hostCertificates(): Promise<string | undefined> {
  for (const path of certificateBundles) if (await files.exists(path)) return path
  return undefined
}

let trusted: Promise<void> | undefined

/** Node trusts its own list; a company's or a test's authority is in the host's. */
async function trustHostCertificates(): Promise<void> {
  const bundle = await hostCertificates()
  const text = bundle && (await files.readText(bundle))
  const own = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (own.length > 0) setDefaultCACertificates([...new Set([...getCACertificates('default'), ...own])])
}

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

/**
 * Fetches a URL and hands on its body in chunks. Gives up when nothing comes for a minute.
 * @throws DownloadRefused for an answer other than 200; an Error that says why when there is no answer.
 */
export async function* download(url: string, { headers, signal }: DownloadOptions): AsyncGenerator<Uint8Array> {
  await (trusted ??= trustHostCertificates())
  const response = await answer(url, headers, signal)
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new DownloadRefused(response.status)
  }
  for await (const chunk of response.body) yield chunk as Uint8Array
}

/** Fetches a URL as text. @throws as `download` does. */
export async function downloadText(url: string, options: DownloadOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of download(url, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function answer(
  url: string,
  headers: Readonly<Record<string, string>> | undefined,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { signal, ...(headers ? { headers } : {}) })
  } catch (error) {
    signal.throwIfAborted()
    // fetch says only "fetch failed"; what happened is in the cause.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(cause instanceof Error ? cause.message : 'no answer', { cause: error })
  }
}
