import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509'
import { webcrypto, type webcrypto as WebCrypto } from 'node:crypto'
import { isIP } from '../host/sockets.ts'
import type { Identity } from '../host/tls.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 24 * 60 * 60 * 1000

/**
 * An authority that lives as long as one build: its key is never written anywhere, and nothing but the sandbox of that
 * build is told to trust it.
 */
export class CertificateAuthority {
  readonly #keys: WebCrypto.CryptoKeyPair
  readonly #root: X509Certificate
  /** One key serves all names; making one takes longer than signing. */
  readonly #leafKeys: WebCrypto.CryptoKeyPair
  readonly #leafKey: string
  readonly #issued = new Map<string, Promise<Identity>>()

  private constructor(made: {
    keys: WebCrypto.CryptoKeyPair
    root: X509Certificate
    leafKeys: WebCrypto.CryptoKeyPair
    leafKey: string
  }) {
    this.#keys = made.keys
    this.#root = made.root
    this.#leafKeys = made.leafKeys
    this.#leafKey = made.leafKey
  }

  static async create(): Promise<CertificateAuthority> {
    const keys = await generateKeys()
    const leafKeys = await generateKeys()
    const root = await X509CertificateGenerator.createSelfSigned({
      ...validity(),
      serialNumber: serialNumber(),
      name: 'CN=berth build proxy',
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        // Python 3.13 insists on these two (RFC 5280, 4.2.1.1 and 4.2.1.2).
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new CertificateAuthority({ keys, root, leafKeys, leafKey: await exportKey(leafKeys.privateKey) })
  }

  /** The certificate that a sandbox is to trust, PEM. */
  get certificate(): string {
    return `${this.#root.toString('pem')}\n`
  }

  /** A certificate for a host name or an address. */
  identityOf(host: string): Promise<Identity> {
    const known = this.#issued.get(host)
    if (known) return known
    const made = this.#issue(host)
    this.#issued.set(host, made)
    return made
  }

  async #issue(host: string): Promise<Identity> {
    const leaf = await X509CertificateGenerator.create({
      ...validity(),
      serialNumber: serialNumber(),
      subject: 'CN=build',
      issuer: this.#root.subject,
      publicKey: this.#leafKeys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }]),
      ],
    })
    return { certificate: leaf.toString('pem'), key: this.#leafKey }
  }
}

function generateKeys(): Promise<WebCrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function exportKey(key: WebCrypto.CryptoKey): Promise<string> {
  const content = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${content.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END PRIVATE KEY-----\n`
}

/** Wide on both sides: a build may run under another clock. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(0), notAfter: new Date(Date.now() + 36_500 * day) }
}

/** Positive and unique (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}
