import { writeFileAtomically } from '../host/files.ts'
import { attestationUnwritable } from '../model/problems/proof.ts'

/** Writes a signed statement where the operator wants it. @throws attestationUnwritable */
export async function writeAttestation(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw attestationUnwritable({ path, reason }, { cause: error })
  }
}
