import { z } from 'zod'
import { isDigest, type Digest } from '../../../model/names.ts'

/** What makes an image unusable; whoever knows its name says so to the operator. */
export class UnusableImage extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'UnusableImage'
  }
}

export const DigestText = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'must be a SHA-256 digest',
)

/** @param what the document, as the operator is told @throws UnusableImage */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnusableImage(`its ${what} is no JSON`)
  }
}

/** @throws UnusableImage, which says where it is not of that shape */
export function parsed<Shape extends z.ZodType>(shape: Shape, document: unknown, what: string): z.infer<Shape> {
  const result = shape.safeParse(document)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new UnusableImage(`its ${what} is not right: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** What somebody else wrote, fit for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
