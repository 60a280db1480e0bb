import type { AuditCell } from '../../model/audit.ts'
import { messageOf } from '../../model/problem.ts'
import { attacks } from '../attacks/index.ts'
import type { PostAnswer } from '../../host/post.ts'
import type { Attack } from '../attack.ts'
import { readPayloads } from './payload.ts'
import type { Scene } from './scene.ts'

type Tell = (attack: string, cell: AuditCell) => void

/** Sends attacks through the application's door, one after the other, and judges each by what is seen outside. */
export async function playBattery(scene: Scene, ids: readonly string[], tell: Tell): Promise<void> {
  const payloads = await readPayloads()
  const wanted = attacks.filter(({ id }) => ids.includes(id))
  const inOrder = [...wanted.filter(({ isLast }) => !isLast), ...wanted.filter(({ isLast }) => isLast)]
  for (const attack of inOrder) {
    const begun = performance.now()
    const outcome = await play(scene, attack, payloads.get(attack.id) ?? '').catch((error: unknown) => ({
      verdict: 'unclear' as const,
      evidence: `the scene failed: ${messageOf(error)}`.slice(0, 300),
    }))
    tell(attack.id, { ...outcome, seconds: Math.round((performance.now() - begun) / 100) / 10 })
  }
}

type Outcome = Omit<AuditCell, 'seconds'>

async function play(scene: Scene, attack: Attack, payload: string): Promise<Outcome> {
  if (scene.column.kind === 'control' && attack.notAtControl !== undefined)
    return { verdict: 'not-run', evidence: attack.notAtControl }
  await requireServing(scene)
  const made = await attack.before?.(scene)
  const exploit = ['-c', payload, attack.id, JSON.stringify({ ...scene.public, ...made })]
  const sending = scene.send(exploit, attack.seconds ?? 20)
  const [answer, found] = await Promise.all([sending, attack.during?.(scene, sending)])
  const output = answer.kind === 'answer' ? answer.body : ''
  const said = saidBy(output)
  const evidence = await attack.judge({ scene, output, said: said ?? {}, given: { ...made, ...found } })
  const lives = (await scene.attackedVersion()) !== undefined
  if (attack.restarts || !lives) if (!attack.isLast) await scene.renewAttacked()
  if (evidence !== undefined) {
    const isOwn = scene.column.hasOwnKernel && attack.asksKernel === true
    if (!isOwn) return { verdict: 'leaked', evidence }
    return { verdict: 'blocked', evidence: `not of the host's kernel, but of the sandbox's own: ${evidence}` }
  }
  const trouble = troubleOf(attack, { answer, said, lives })
  return trouble ?? { verdict: 'blocked', evidence: refusalOf(said ?? {}) }
}

/** An exploit that was not played through has been blocked by nothing; undefined when it was. */
function troubleOf(
  attack: Attack,
  { answer, said, lives }: { answer: PostAnswer; said: Said | undefined; lives: boolean },
): Outcome | undefined {
  if (answer.kind === 'silence') {
    if (!attack.mayEndApplication) return { verdict: 'unclear', evidence: answer.reason }
    return { verdict: 'blocked', evidence: `the application met its own limit: ${answer.reason}` }
  }
  if (answer.status !== 200) {
    if (attack.mayEndApplication) return { verdict: 'blocked', evidence: 'the exploit met a limit and was ended' }
    return { verdict: 'unclear', evidence: `the application answered ${answer.status}` }
  }
  if (!lives && !attack.mayEndApplication && !attack.restarts)
    return { verdict: 'unclear', evidence: 'the application ended' }
  if (said === undefined) return { verdict: 'unclear', evidence: 'the exploit said nothing of what it did' }
  if (typeof said['error'] === 'string') return { verdict: 'unclear', evidence: said['error'] }
  const strange = said['refused']
  if (typeof strange === 'string' && !walls.has(strange) && !attack.mayEndApplication)
    return { verdict: 'unclear', evidence: `the exploit failed with ${strange}, which is no refusal` }
  return undefined
}

/** Errors by which kernels refuse, hide or limit; any other that ends an exploit may as well be a fault of its own. */
const walls: ReadonlySet<string> = new Set([
  ...['EPERM', 'EACCES', 'EROFS', 'ENOSYS', 'ENOENT', 'ESRCH', 'ENXIO', 'ENODEV', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'],
  ...['EAGAIN', 'ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM', 'EDQUOT', 'ELOOP', 'EOPNOTSUPP', 'ESOCKTNOSUPPORT'],
])

/** Restarts an application that an earlier attack has ended. @throws Error when it does not come up */
async function requireServing(scene: Scene): Promise<void> {
  if ((await scene.attackedVersion()) === 'as released') return
  await scene.renewAttacked()
  if ((await scene.attackedVersion()) !== 'as released') throw new Error('the application does not serve any more')
}

type Said = Readonly<Record<string, unknown>>

/** What the exploit printed, when it is what exploits print. */
function saidBy(output: string): Said | undefined {
  try {
    const said: unknown = JSON.parse(output)
    return typeof said === 'object' && said !== null ? (said as Said) : undefined
  } catch {
    return undefined
  }
}

/** How it was refused, in a few words: the errors that it met. */
function refusalOf(said: Said): string {
  const words = [...JSON.stringify(said).matchAll(/"(E[A-Z]{2,14})"/g)].map(([, word]) => word)
  return [...new Set(words)].slice(0, 4).join(', ')
}
