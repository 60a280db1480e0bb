import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { readText, writeFileAtomically } from '../../host/files.ts'
import type { Paths } from '../../host/instance.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import {
  Envelope,
  isKeyText,
  payloadType,
  preAuthenticationEncoding,
  Statement,
  type Statement as StatementShape,
} from '../../model/attestation.ts'

/** Signs and checks statements; node:crypto is all that it takes. */

const keyFile = 'attest.pem'

/** This host's own key, made when it is first needed; readable by root only, as everything in its folder. */
export async function ownKey({ keys }: Pick<Paths, 'keys'>): Promise<KeyObject> {
  const path = join(keys, keyFile)
  return oneAtATime(path, async () => {
    const known = await readText(path)
    if (known !== undefined) return createPrivateKey(known)
    const { privateKey } = generateKeyPairSync('ed25519')
    await writeFileAtomically(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600)
    return privateKey
  })
}

const prefix = 'ed25519:'

/** The public part of a key, as it is written in a manifest. */
export function keyText(key: KeyObject): string {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return prefix + Buffer.from(x, 'base64url').toString('base64')
}

function keyFrom(text: string): KeyObject | undefined {
  if (!isKeyText(text)) return undefined
  const x = Buffer.from(text.slice(prefix.length), 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** The text of an envelope around a statement. */
export function signStatement(statement: StatementShape, key: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(statement))
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), key)
  const envelope: Envelope = {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: keyText(key), sig: signature.toString('base64') }],
  }
  return `${JSON.stringify(envelope, undefined, 2)}\n`
}

export type Opened =
  | { readonly kind: 'signed'; readonly statement: StatementShape; readonly keys: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Reads an envelope and says which of the trusted keys have signed it. The name of a key in it is a hint that anybody
 * can write, so every trusted key is tried on every signature; the payload is only looked at once one of them fits.
 */
export function openEnvelope(text: string, trusted: readonly string[]): Opened {
  const envelope = Envelope.safeParse(parseJson(text)).data
  if (!envelope) return { kind: 'refused', reason: 'it is no envelope of a statement' }
  const payload = Buffer.from(envelope.payload, 'base64')
  const signed = preAuthenticationEncoding(envelope.payloadType, payload)
  const fits = (name: string) => {
    const key = keyFrom(name)
    return (
      key !== undefined && envelope.signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64')))
    )
  }
  const keys = [...new Set(trusted)].filter(fits)
  if (keys.length === 0) return { kind: 'refused', reason: 'none of the trusted keys has signed it' }
  const statement = Statement.safeParse(parseJson(payload.toString())).data
  return statement ? { kind: 'signed', statement, keys } : { kind: 'refused', reason: 'it says something else' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
