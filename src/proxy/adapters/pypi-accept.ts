/** How an index page is written: what PEP 691 calls its content types. */

export const pageTypes = {
  html: 'text/html',
  simpleHtml: 'application/vnd.pypi.simple.v1+html',
  simpleJson: 'application/vnd.pypi.simple.v1+json',
} as const
export type PageType = (typeof pageTypes)[keyof typeof pageTypes]

/** What is asked of the real index: times and sizes are in JSON alone. */
export const acceptBest = `${pageTypes.simpleJson}, ${pageTypes.simpleHtml};q=0.2, ${pageTypes.html};q=0.1`

/** In the order in which the public index prefers them, which decides between equals. */
const offers: readonly PageType[] = [pageTypes.html, pageTypes.simpleHtml, pageTypes.simpleJson]

/**
 * Chooses as the public index does: what the client likes best, plain HTML for one that does not say or likes none.
 * @param accept The request's Accept header (RFC 9110, 12.5.1)
 */
export function choosePageType(accept: string | undefined): PageType {
  const ranges = (accept ?? '').split(',').slice(0, 50).map(readRange)
  const liked = offers.map((type) => ({ type, quality: qualityOf(type, ranges) }))
  const best = Math.max(...liked.map(({ quality }) => quality))
  return (best > 0 ? liked.find(({ quality }) => quality === best)?.type : undefined) ?? pageTypes.html
}

interface Range {
  readonly type: string
  readonly quality: number
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  return { type: type.replace('.latest+', '.v1+'), quality: quality === undefined ? 1 : Number(quality) || 0 }
}

/** The most specific range counts. */
function qualityOf(offer: PageType, ranges: readonly Range[]): number {
  const group = `${offer.split('/')[0] ?? ''}/*`
  const match = [offer, group, '*/*'].map((type) => ranges.find((range) => range.type === type))
  return match.find((range) => range !== undefined)?.quality ?? 0
}
