import { open, rm } from 'node:fs/promises'
import { runCommand } from './command.ts'
import { exists } from './files.ts'

/** Something that another process waits at: it reads a line from a pipe that has a name (fifo(7)). */
export interface Gate {
  /** The process reads `go`. */
  letGo(): Promise<void>
  /** A process that still waits, or comes later, reads nothing any more. */
  close(): Promise<void>
}

/**
 * Makes a gate. When this process ends, whoever waits there reads end-of-file: nobody waits for a berth that was killed.
 * @param path where nothing is yet
 */
export async function makeGate(path: string): Promise<Gate> {
  await runCommand(['mkfifo', '--mode=0600', path])
  // For both, so that opening it waits for nobody, neither here nor there.
  const handle = await open(path, 'r+')
  return {
    letGo: async () => {
      await handle.write('go\n')
    },
    close: () => handle.close(),
  }
}

/**
 * Sends away whoever waits at a gate that nobody keeps any more, and removes it: who came to it only when its keeper was
 * gone waits for somebody to open it, and does not read end-of-file.
 * @param path of a gate; nothing there is no error
 */
export async function closeGate(path: string): Promise<void> {
  if (!(await exists(path))) return
  const handle = await open(path, 'r+')
  // While it is open here: nobody can come to it between the one and the other.
  await rm(path, { force: true })
  await handle.close()
}
