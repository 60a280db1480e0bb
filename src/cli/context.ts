import { instanceFrom } from '../client/instance.ts'
import type { Asking, Context } from './command.ts'
import type { Paint } from './render/paint.ts'

export interface ContextChoice {
  readonly json: boolean
  readonly commandLine: string
  readonly signal: AbortSignal
  readonly paint: Paint
}

/** What this process, its terminal and its environment offer to a command. */
export function makeContext({ json, commandLine, signal, paint }: ContextChoice): Context {
  const instance = instanceFrom(process.env)
  const say = (line: string) => void process.stderr.write(`${paint.faint(line)}\n`)
  return {
    json,
    environment: process.env,
    workingDirectory: process.cwd(),
    instance,
    commandLine,
    signal,
    columns: process.stdout.isTTY && !json ? process.stdout.columns : undefined,
    say,
    ask: process.stdin.isTTY && process.stderr.isTTY ? asking : undefined,
    readStdin: async () => (await import('node:stream/consumers')).text(process.stdin),
    daemon: async () => {
      const { connectDaemon } = await import('../client/start-daemon.ts')
      const isRoot = process.getuid?.() === 0
      return connectDaemon({ instance, environment: process.env, signal, isRoot, commandLine, say })
    },
  }
}

const asking: Asking = {
  async confirm(question) {
    return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, true)).trim())
  },
  secret: (prompt) => askLine(prompt, false),
}

async function askLine(prompt: string, isShown: boolean): Promise<string> {
  const [{ createInterface }, { Writable }] = await Promise.all([import('node:readline'), import('node:stream')])
  process.stderr.write(prompt)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: isShown ? process.stderr : nowhere, terminal: true })
  reader.setPrompt('')
  return new Promise((resolve) => {
    let answer = ''
    reader.once('line', (line) => {
      answer = line
      reader.close()
    })
    // Ctrl-C: readline holds the terminal, so that the signal has to be passed on.
    reader.once('SIGINT', () => {
      reader.close()
      process.kill(process.pid, 'SIGINT')
    })
    reader.once('close', () => {
      if (!isShown) process.stderr.write('\n')
      resolve(answer)
    })
  })
}
