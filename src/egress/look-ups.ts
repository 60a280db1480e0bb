import type { Lookup } from './upstream.ts'

/** One application must not keep the others waiting: so many names are looked up for it at once. */
const mostEach = 32
const mostAnswers = 1024
/** That there is no such name is believed for so long; that nobody answers, not at all. */
const secondsOfAbsence = 2

interface Known {
  readonly answer: Promise<Lookup>
  /** Milliseconds since 1970. */
  until: number
}

/** Looks names up once for all who ask meanwhile, and answers from memory for as long as an answer may be kept. */
export function sharedLookUp(
  lookUp: (name: string) => Promise<Lookup>,
): (name: string, from: string) => Promise<Lookup> {
  const answers = new Map<string, Known>()
  const underWay = new Map<string, number>()

  async function begin(name: string, from: string): Promise<Lookup> {
    underWay.set(from, (underWay.get(from) ?? 0) + 1)
    try {
      return await lookUp(name)
    } catch {
      return { kind: 'failed' }
    } finally {
      const left = (underWay.get(from) ?? 1) - 1
      if (left > 0) underWay.set(from, left)
      else underWay.delete(from)
    }
  }

  return async (name, from) => {
    const known = answers.get(name)
    if (known && known.until > Date.now()) return known.answer
    if ((underWay.get(from) ?? 0) >= mostEach) return { kind: 'failed' }
    const entry: Known = { answer: begin(name, from), until: Infinity }
    answers.delete(name)
    answers.set(name, entry)
    const [oldest] = answers.keys()
    if (answers.size > mostAnswers && oldest !== undefined) answers.delete(oldest)
    const found = await entry.answer
    entry.until = Date.now() + secondsOf(found) * 1000
    return found
  }
}

function secondsOf(found: Lookup): number {
  switch (found.kind) {
    case 'found':
      return found.ttl
    case 'no-such-name':
      return secondsOfAbsence
    case 'failed':
      return 0
    default:
      return found satisfies never
  }
}
