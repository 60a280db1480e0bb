import { join } from 'node:path'
import { hasCode, readdir, readUntrusted } from '../host/files.ts'
import { attestationFolder, largestAttestation } from '../model/attestation-files.ts'

/** The signed statements that lie beside a manifest whose source is elsewhere. */
export async function readAttestations(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, attestationFolder)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  })
  const files = names.filter((name) => name.endsWith('.json')).sort()
  const texts = await Promise.all(
    files.map((name) => readUntrusted(join(folder, attestationFolder, name), largestAttestation)),
  )
  return texts.filter((text) => text !== undefined)
}
