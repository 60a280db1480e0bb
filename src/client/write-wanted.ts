import { writeFileAtomically } from '../host/files.ts'
import { messageOf, type Problem } from '../model/problem.ts'

/** Makes the problem that says so. */
type Unwritable = (details: { path: string; reason: string }, options: { cause: unknown }) => Problem

/** Writes a file where the operator wants it. @throws what `unwritable` makes */
export async function writeWanted(path: string, text: string, unwritable: Unwritable): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (error) {
    throw unwritable({ path, reason: messageOf(error) }, { cause: error })
  }
}
