import type { Grant, LinkTable } from '../host/network-grants.ts'
import { isPublicAddress, networkRange, whyNever, addressNumber } from '../model/addresses.ts'
import { egressOf, linkZone, openingsOf, type Opening } from '../model/egress.ts'
import type { AskedNames } from './asked.ts'
import { type Answer, answerTo, parseQuestion, rcodes, typeA } from './dns-message.ts'
import type { Lookup } from './upstream.ts'

/** Answers sandboxes' questions: declared names alone, and what they lead to is opened before it is told. */

export interface RelayParts {
  grantOf(address: string): Promise<Grant | undefined>
  links(): Promise<LinkTable>
  /** @param from who asks */
  lookUp(name: string, from: string): Promise<Lookup>
  /** Lets a sandbox reach the addresses of a name, for as long as it may keep the answer and a while longer. */
  open(grant: Grant, addresses: readonly string[], openings: readonly Opening[], ttl: number): Promise<void>
  /** Addresses of this host. */
  own(): readonly string[]
  /** The block that the sandboxes' addresses are from, such as `10.192.16.0/20`. */
  readonly block: string
  readonly asked: AskedNames
}

const nobody: Answer = { rcode: rcodes.noSuchName, addresses: [], ttl: 0 }
const empty: Answer = { rcode: rcodes.ok, addresses: [], ttl: 0 }
const failed: Answer = { rcode: rcodes.failed, addresses: [], ttl: 0 }

/** Answers one message; undefined for what is no question. */
export async function relay(parts: RelayParts, message: Buffer, from: string): Promise<Buffer | undefined> {
  const question = parseQuestion(message)
  if (!question) return undefined
  if (question.name === undefined) return answerTo(question, nobody)
  const grant = await parts.grantOf(from)
  const asking = { name: question.name, type: question.type, from }
  const answer = await (grant ? answerFor(parts, grant, asking) : refuse(parts, asking))
  return answerTo(question, answer)
}

interface Asking {
  readonly name: string
  readonly type: number
  readonly from: string
}

/** No such name, for that is what programs believe at once. */
async function refuse({ asked }: Pick<RelayParts, 'asked'>, { name, from }: Asking, address?: string): Promise<Answer> {
  await asked.note({ from, name, ...(address ? { address } : {}) })
  return nobody
}

async function answerFor(parts: RelayParts, grant: Grant, asking: Asking): Promise<Answer> {
  const { name, type } = asking
  if (name.endsWith(`.${linkZone}`)) return answerForLink(parts, grant, asking)
  const declared = egressOf(grant.egress)
  const openings = openingsOf(declared, name)
  const anyPublic = declared.some(({ kind }) => kind === 'internet')
  if (openings.length === 0 && !anyPublic) return refuse(parts, asking)
  if (type !== typeA) return empty
  const found = await parts.lookUp(name, asking.from).catch((): Lookup => ({ kind: 'failed' }))
  if (found.kind === 'failed') return failed
  if (found.kind === 'no-such-name') return nobody
  const isRight = (address: string) => (openings.length > 0 || isPublicAddress(address)) && mayOpen(parts, address)
  const addresses = found.addresses.filter(isRight)
  const [first] = found.addresses
  if (addresses.length === 0) return first === undefined ? empty : refuse(parts, asking, first)
  const wasOpened = await parts.open(grant, addresses, openings, found.ttl).then(
    () => true,
    () => false,
  )
  return wasOpened ? { rcode: rcodes.ok, addresses, ttl: found.ttl } : failed
}

/** Follows every deploy of the other application, so nobody may keep it. */
async function answerForLink(parts: RelayParts, grant: Grant, asking: Asking): Promise<Answer> {
  const app = asking.name.slice(0, -linkZone.length - 1)
  if (!grant.links.includes(app)) return refuse(parts, asking)
  const [address] = (await parts.links())[app] ?? []
  if (address === undefined) return nobody
  return asking.type === typeA ? { rcode: rcodes.ok, addresses: [address], ttl: 0 } : empty
}

/** Whoever owns a declared name could lead it anywhere: never to this host, to its sandboxes, or to metadata. */
function mayOpen(parts: RelayParts, text: string): boolean {
  const address = addressNumber(text)
  if (address === undefined || whyNever([address, address]) !== undefined) return false
  const [first, last] = networkRange(parts.block) ?? [0, 2 ** 32]
  return (address < first || address > last) && !parts.own().includes(text)
}

/** Answers everyone that nothing is declared, and remembers what they asked for. */
export function refuser(asked: AskedNames): (message: Buffer, from: string) => Promise<Buffer | undefined> {
  return async (message, from) => {
    const question = parseQuestion(message)
    if (!question) return undefined
    const { name, type } = question
    return answerTo(question, name === undefined ? nobody : await refuse({ asked }, { name, type, from }))
  }
}
