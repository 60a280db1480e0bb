import { attestationFolder } from '../../model/attestation-files.ts'
import { subjectOf } from '../../model/attestation.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { Digest } from '../../model/names.ts'
import { notReproducedByOthers } from '../../model/problems/proof.ts'
import { openEnvelope } from './signing.ts'

/**
 * Demands what `reproduced_by` asks for: so many statements, each signed with another of the trusted keys, that the image
 * came out the same. Whoever signed twice, or signed something else, counts once or not at all.
 * @returns the statements that were accepted
 * @throws notReproducedByOthers
 */
export function requireReproduced(
  { install }: Manifest,
  image: { readonly app: string; readonly digest: Digest },
  attestations: readonly string[],
): string[] {
  const { reproduced_by: demanded = 0, trusted_keys: trusted } = install
  if (demanded === 0) return []
  const accepted: string[] = []
  const vouching = new Set<string>()
  const refused: string[] = []
  for (const [index, text] of attestations.entries()) {
    const opened = openEnvelope(text, trusted)
    if (opened.kind === 'refused') refused.push(`statement ${index + 1}: ${opened.reason}`)
    else if (subjectOf(opened.statement) !== image.digest) {
      refused.push(`statement ${index + 1}: it is about ${subjectOf(opened.statement) ?? 'nothing'}`)
    } else {
      accepted.push(text)
      for (const key of opened.keys) vouching.add(key)
    }
  }
  if (vouching.size >= demanded) return accepted
  const missing = trusted.filter((key) => !vouching.has(key)).map((key) => `no statement of ${key}`)
  throw notReproducedByOthers({
    ...image,
    demanded,
    found: vouching.size,
    folder: attestationFolder,
    lines: [...refused, ...missing],
  })
}
