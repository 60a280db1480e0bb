import { join } from 'node:path'
import type { Secret } from '../model/secret.ts'
import { startBackground } from './background.ts'
import { CommandFailed, runCommand } from './command.ts'
import { exists, removeTree } from './files.ts'
import { makeSocketDirectory } from './socket-directory.ts'

/** An agent that holds private keys in memory, for as long as something is fetched with them (ssh-agent(1)). */
export interface SshAgent extends AsyncDisposable {
  readonly socketPath: string
  /** Of this agent's own, for root alone. */
  readonly directory: string
  /** @throws CommandFailed for what is no private key, and for one with a passphrase */
  add(key: Secret): Promise<void>
}

/** Starts an agent that ends with this process at the latest. */
export async function startSshAgent(): Promise<SshAgent> {
  const directory = await makeSocketDirectory()
  const socketPath = join(directory, 'agent')
  const agent = await startBackground(['ssh-agent', '-D', '-a', socketPath])
  const stop = async () => {
    await agent.stop()
    await removeTree(directory)
  }
  try {
    await untilThere(socketPath)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    socketPath,
    directory,
    add: async (key) => {
      // In a session of its own there is no terminal at which it could ask for a passphrase.
      const env = { SSH_AUTH_SOCK: socketPath, SSH_ASKPASS_REQUIRE: 'never' }
      await runCommand(['setsid', '--wait', 'ssh-add', '-q', '-'], {
        env,
        input: `${key.reveal().replaceAll('\r', '').trim()}\n`,
      })
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function untilThere(path: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await exists(path)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new CommandFailed(['ssh-agent'], { stdout: '', stderr: 'it does not listen' })
}
