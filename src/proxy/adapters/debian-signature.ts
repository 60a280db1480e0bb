import { join } from 'node:path'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { exists, mkdtemp, readdir, removeTree, writeFile } from '../../host/files.ts'

/** Who signed a `Release` file, as far as this host can tell. */

/** Where distributions put the keys of archives. */
export const hostKeyrings = '/usr/share/keyrings'

export type Verdict =
  | { readonly kind: 'good' }
  /** Nothing speaks against it, but no key of this host speaks for it. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** A key of this host says that it was changed. */
  | { readonly kind: 'bad'; readonly reason: string }

/** `InRelease` is one file; `Release` has its signature beside it, as `Release.gpg`. */
export type SignedFile = { readonly inline: Buffer } | { readonly content: Buffer; readonly signature: Buffer }

/** Asks gpgv. @param workspace A directory to put the files in while it reads them. */
export async function checkSignature(file: SignedFile, keyrings: string, workspace: string): Promise<Verdict> {
  const known = await keyringsIn(keyrings)
  if (known.length === 0) return { kind: 'unknown', reason: 'this host has no keys of archives' }
  const directory = await mkdtemp(join(workspace, 'signature-'))
  try {
    const paths = await write(file, directory)
    const options = ['--status-fd', '1', ...known.flatMap((path) => ['--keyring', path])]
    const { stdout } = await runCommand(['gpgv', ...options, ...paths], { allowCodes: [0, 1, 2], keepLast: 100_000 })
    return judge(stdout)
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.code !== undefined) throw error
    return { kind: 'unknown', reason: 'this host has no gpgv' }
  } finally {
    await removeTree(directory)
  }
}

/** Keys that Debian has withdrawn prove nothing any more. */
async function keyringsIn(directory: string): Promise<string[]> {
  if (!(await exists(directory))) return []
  const names = (await readdir(directory)).filter((name) => /\.(gpg|pgp)$/.test(name) && !name.includes('removed'))
  return names.sort().map((name) => join(directory, name))
}

async function write(file: SignedFile, directory: string): Promise<string[]> {
  const content = join(directory, 'Release')
  await writeFile(content, 'inline' in file ? file.inline : file.content)
  if ('inline' in file) return [content]
  const signature = join(directory, 'Release.gpg')
  await writeFile(signature, file.signature)
  return [signature, content]
}

/** Reads gpgv's status lines (GnuPG, doc/DETAILS). Of several signatures one good one is enough, as for apt. */
function judge(status: string): Verdict {
  const said = (word: string) => new RegExp(`^\\[GNUPG:\\] ${word}\\b(.*)$`, 'm').exec(status)?.[1]?.trim()
  const bad = said('BADSIG')
  if (bad !== undefined) return { kind: 'bad', reason: `it is not what ${bad} signed` }
  if (said('GOODSIG') !== undefined) return { kind: 'good' }
  const expired = said('EXPKEYSIG') ?? said('EXPSIG')
  if (expired !== undefined) return { kind: 'unknown', reason: `the signature of ${expired} has expired` }
  const revoked = said('REVKEYSIG')
  if (revoked !== undefined) return { kind: 'bad', reason: `the key of ${revoked} was revoked` }
  const missing = said('NO_PUBKEY')
  return { kind: 'unknown', reason: missing === undefined ? 'it has no signature' : `this host has no key ${missing}` }
}

/**
 * What a clear-signed file says (RFC 9580, 7): as strict as apt, for what stands outside of the signature was not signed.
 * @returns undefined for what is no such file
 */
export function clearText(file: Buffer): string | undefined {
  const text = file.toString().replaceAll('\r\n', '\n')
  const begin = /^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+: .*\n)*\n/.exec(text)?.[0]
  const [message, signature, ...more] = text.slice(begin?.length).split('-----BEGIN PGP SIGNATURE-----\n')
  if (begin === undefined || message === undefined || signature === undefined || more.length > 0) return undefined
  const isWhole = /^[^-]*-----END PGP SIGNATURE-----\s*$/.test(signature) && !/^-(?! )/m.test(message)
  return isWhole ? message.replaceAll(/^- /gm, '') : undefined
}
