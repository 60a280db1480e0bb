import { createHash, generateKeyPair, randomBytes, sign, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { isIP } from '../host/sockets.ts'
import type { Identity } from '../host/tls.ts'
import { addressBytes } from './address-bytes.ts'
import { bits, der, identifier, octets, printable, sequence, set, time, unsigned, yes } from './der.ts'

const day = 24 * 60 * 60 * 1000
const authorityName = 'berth build proxy'
const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'))

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/**
 * An authority that lives as long as one build: its key is never written anywhere, and nothing but the sandbox of that
 * build is told to trust it.
 */
export class CertificateAuthority {
  /** The certificate that a sandbox is to trust, PEM. */
  readonly certificate: string
  readonly #keys: Keys
  /** One key serves all names; making one takes longer than signing. */
  readonly #leafKeys: Keys
  readonly #leafKey: string
  readonly #issued = new Map<string, Promise<Identity>>()

  private constructor(keys: Keys, leafKeys: Keys) {
    this.#keys = keys
    this.#leafKeys = leafKeys
    this.#leafKey = leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const extensions = [
      extension(oid.basicConstraints, sequence(yes, unsignedZero), 'critical'),
      // keyCertSign and cRLSign, the sixth and the seventh bit from the left.
      extension(oid.keyUsage, bits(Buffer.from([0b0000_0110]), 1), 'critical'),
      // Python 3.13 insists on this one and on the leaf's counterpart (RFC 5280, 4.2.1.1 and 4.2.1.2).
      extension(oid.subjectKey, octets(keyName(keys.publicKey))),
    ]
    this.certificate = certificateOf({ subject: authorityName, of: keys.publicKey, by: keys.privateKey, extensions })
  }

  static async create(): Promise<CertificateAuthority> {
    return new CertificateAuthority(await generateKeys(), await generateKeys())
  }

  /** A certificate for a host name or an address. */
  identityOf(host: string): Promise<Identity> {
    const known = this.#issued.get(host)
    if (known) return known
    const made = this.#issue(host)
    this.#issued.set(host, made)
    return made
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- so that a host that is none rejects and does not throw
  async #issue(host: string): Promise<Identity> {
    const extensions = [
      extension(oid.basicConstraints, sequence(), 'critical'),
      extension(oid.keyUsage, bits(Buffer.from([0b1000_0000]), 7), 'critical'), // digitalSignature
      extension(oid.authorityKey, sequence(der(0x80, keyName(this.#keys.publicKey)))),
      extension(oid.extendedKeyUsage, sequence(identifier('1.3.6.1.5.5.7.3.1'))), // serverAuth
      extension(oid.alternativeNames, sequence(alternativeName(host))),
    ]
    const names = { subject: 'build', of: this.#leafKeys.publicKey, by: this.#keys.privateKey }
    return { certificate: certificateOf({ ...names, extensions }), key: this.#leafKey }
  }
}

const oid = {
  commonName: '2.5.4.3',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** Of a chain's length below the authority. */
const unsignedZero = der(0x02, Buffer.from([0]))

function generateKeys(): Promise<Keys> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' })
}

interface CertificateParts {
  readonly subject: string
  readonly of: KeyObject
  readonly by: KeyObject
  readonly extensions: readonly Buffer[]
}

/** X.509 version 3 (RFC 5280, 4.1), PEM. */
function certificateOf({ subject, of, by, extensions }: CertificateParts): string {
  // Wide on both sides: a build may run under another clock.
  const validity = sequence(time(new Date(0)), time(new Date(Date.now() + 36_500 * day)))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    serialNumber(),
    ecdsaWithSha256,
    commonName(authorityName),
    validity,
    commonName(subject),
    of.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signed = sequence(content, ecdsaWithSha256, bits(sign('sha256', content, by)))
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(identifier(oid.commonName), printable(name))))
}

function extension(name: string, value: Buffer, weight?: 'critical'): Buffer {
  return sequence(identifier(name), ...(weight ? [yes] : []), octets(value))
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 0 ? der(0x82, Buffer.from(host, 'latin1')) : der(0x87, addressBytes(host))
}

/** Of the key's point, which for P-256 are the last 65 bytes, as RFC 7093 has it. */
function keyName(key: KeyObject): Buffer {
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-65)
  return createHash('sha256').update(point).digest().subarray(0, 20)
}

/** Positive and unique (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return unsigned(bytes)
}
