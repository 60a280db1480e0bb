import type { Duplex } from 'node:stream'
import {
  createSecureContext,
  getCACertificates,
  setDefaultCACertificates,
  TLSSocket,
  type SecureContext,
} from 'node:tls'
import * as files from './files.ts'

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

/** Makes this process trust what the host trusts: a company's or a test's authority is there, and not in Node's list. */
export function trustHostCertificates(): Promise<void> {
  return (trusted ??= addHostCertificates())
}

async function addHostCertificates(): Promise<void> {
  const bundle = await hostCertificates()
  const text = bundle && (await files.readText(bundle))
  const own = text?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (own.length > 0) setDefaultCACertificates([...new Set([...getCACertificates('default'), ...own])])
}

/** A certificate and its private key, PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/**
 * Becomes the server's end of a TLS connection over an open stream.
 * @param fallback For a client that names no server, as one does that asks for an address.
 * @param identityOf Gives the certificate for the name that the client asks for.
 */
export function acceptTls(
  stream: Duplex,
  fallback: Identity,
  identityOf: (servername: string) => Promise<Identity>,
): TLSSocket {
  const contextFor = async (servername: string): Promise<SecureContext> => {
    const { certificate, key } = await identityOf(servername)
    return createSecureContext({ cert: certificate, key })
  }
  return new TLSSocket(stream, {
    isServer: true,
    ALPNProtocols: ['http/1.1'],
    cert: fallback.certificate,
    key: fallback.key,
    SNICallback: (servername, done) => {
      contextFor(servername).then(
        (context) => done(null, context),
        (error: unknown) => done(error instanceof Error ? error : new Error('no certificate')),
      )
    },
  })
}
