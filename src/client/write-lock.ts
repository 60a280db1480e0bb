import { writeFileAtomically } from '../host/files.ts'
import { lockUnwritable } from '../model/problems/client.ts'

/** Writes the lock that the daemon made. @throws lockUnwritable */
export async function writeLock(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (error) {
    throw lockUnwritable({ path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
