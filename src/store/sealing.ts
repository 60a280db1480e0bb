import { join } from 'node:path'
import { mkdir, readText, writeFileAtomically } from '../host/files.ts'
import { Secret } from '../model/secret.ts'

/**
 * Secrets at rest are age files (age-encryption.org/v1), sealed to one X25519 identity below `keys/`, so that an
 * operator can open a backup with the standard `age` program. Loaded on first use: most daemons' days need it seldom.
 */
export class Sealer {
  readonly identityFile: string

  constructor(keysFolder: string) {
    this.identityFile = join(keysFolder, 'identity.txt')
  }

  async seal(secret: Secret): Promise<Uint8Array> {
    const age = await import('age-encryption')
    const encrypter = new age.Encrypter()
    encrypter.addRecipient(await age.identityToRecipient(await this.#identity()))
    return encrypter.encrypt(secret.reveal())
  }

  /** @throws Error of the age library when the identity does not fit or the file is damaged. */
  async open(sealed: Uint8Array): Promise<Secret> {
    const age = await import('age-encryption')
    const decrypter = new age.Decrypter()
    decrypter.addIdentity(await this.#identity())
    return new Secret(await decrypter.decrypt(sealed, 'text'))
  }

  async #identity(): Promise<string> {
    const text = await readText(this.identityFile)
    const line = text?.split('\n').find((candidate) => candidate.startsWith('AGE-SECRET-KEY-'))
    if (line !== undefined) return line.trim()
    if (text !== undefined) throw new Error(`${this.identityFile} holds no age identity`)
    return this.#createIdentity()
  }

  async #createIdentity(): Promise<string> {
    const age = await import('age-encryption')
    const identity = await age.generateIdentity()
    await mkdir(join(this.identityFile, '..'), { recursive: true, mode: 0o700 })
    await writeFileAtomically(this.identityFile, `# opens the secrets of this berth; keep a copy\n${identity}\n`, 0o600)
    return identity
  }
}
