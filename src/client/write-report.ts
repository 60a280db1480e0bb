import { writeFileAtomically } from '../host/files.ts'
import { reportUnwritable } from '../model/problems/audit.ts'

/** Writes the page of an audit where the operator wants it. @throws reportUnwritable */
export async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw reportUnwritable({ path, reason }, { cause: error })
  }
}
