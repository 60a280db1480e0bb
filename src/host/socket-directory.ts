import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp } from './files.ts'

/** A new directory for an agent's socket, for its owner alone. */
export async function makeSocketDirectory(): Promise<string> {
  // The path of a socket has at most 107 bytes (unix(7)), so it cannot be just anywhere.
  return mkdtemp(join(tmpdir(), 'berth-ssh-'))
}
