import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { chmod, lchown, removeTree } from './files.ts'
import { makeSocketDirectory } from './socket-directory.ts'

/**
 * An agent of ssh that has no key and never will have (draft-ietf-sshm-ssh-agent): it can be asked, so that programs find
 * one, and what it answers is the same on every host.
 */
export interface KeylessAgent extends AsyncDisposable {
  readonly socketPath: string
}

/** Who may connect to its socket. */
export interface SocketOwner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export async function startKeylessAgent({ uid, gid, mode }: SocketOwner): Promise<KeylessAgent> {
  const directory = await makeSocketDirectory()
  const socketPath = join(directory, 'agent')
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client)).on('error', () => client.destroy())
    serve(client)
  })
  const stop = async () => {
    for (const client of clients) client.destroy()
    await closed(server)
    await removeTree(directory)
  }
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve))
    await lchown(socketPath, uid, gid)
    await chmod(socketPath, mode)
  } catch (error) {
    await stop()
    throw error
  }
  return { socketPath, [Symbol.asyncDispose]: stop }
}

const largestMessage = 256 * 1024
const requestIdentities = 11
/** SSH_AGENT_IDENTITIES_ANSWER with none, and SSH_AGENT_FAILURE. */
const [none, failure] = [Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]), Buffer.from([0, 0, 0, 1, 5])]

/** A message is its length and what it asks; the rest of it does not matter. */
function serve(client: Socket): void {
  let waiting = Buffer.alloc(0)
  client.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    while (waiting.length >= 5) {
      const length = waiting.readUInt32BE(0)
      if (length === 0 || length > largestMessage) {
        client.destroy()
        return
      }
      if (waiting.length < 4 + length) return
      client.write(waiting[4] === requestIdentities ? none : failure)
      waiting = waiting.subarray(4 + length)
    }
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
