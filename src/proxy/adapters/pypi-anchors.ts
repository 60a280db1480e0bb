/** The links of an HTML page that nobody vouches for; linear in its length, whatever it holds. */
export interface LinkPage {
  /** Absolute. */
  readonly base: URL
  readonly links: readonly Link[]
  /** Whether it says of itself that it is a simple repository (PEP 629), or is headed as one. */
  readonly isRepository: boolean
}

export interface Link {
  readonly url: URL
  /** Names in lower case, values with their entities resolved. */
  readonly attributes: ReadonlyMap<string, string>
}

const longestTag = 16 * 1024

/** Reads the anchors of a page. @param address Where the page is. */
export function readLinks(html: string, address: URL): LinkPage {
  const text = withoutComments(html)
  let base = address
  let isRepository = /<title>\s*(?:Simple|Links for)\b/i.test(text)
  const links: Link[] = []
  for (const { name, attributes } of tagsOf(text)) {
    const address = attributes.get('href')
    const url = address === undefined ? null : URL.parse(address, base.href)
    if (name === 'meta' && attributes.get('name') === 'pypi:repository-version') isRepository = true
    if (name === 'base' && url) base = url
    if (name === 'a' && (url?.protocol === 'https:' || url?.protocol === 'http:')) links.push({ url, attributes })
  }
  return { base, links, isRepository }
}

function withoutComments(html: string): string {
  const [before = '', ...comments] = html.split('<!--')
  const behind = comments.map((text) => (text.includes('-->') ? text.slice(text.indexOf('-->') + 3) : ''))
  return before + behind.join('')
}

interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

function* tagsOf(text: string): Generator<Tag> {
  const start = /<(a|base|meta)(?=[\s/>])/gi
  for (let match = start.exec(text); match; match = start.exec(text)) {
    const from = start.lastIndex
    const end = endOfTag(text, from)
    // What does not end is skipped as a whole: looking into it again and again would take quadratic time.
    start.lastIndex = end ?? from + longestTag
    if (end !== undefined) {
      yield { name: (match[1] ?? '').toLowerCase(), attributes: attributesOf(text.slice(from, end)) }
    }
  }
}

/** Where a tag's `>` is, which may also be inside of a quoted value. */
function endOfTag(text: string, from: number): number | undefined {
  let quote = ''
  for (let at = from; at < Math.min(text.length, from + longestTag); at += 1) {
    const character = text.charAt(at)
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at
  }
  return undefined
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const [, name = '', double, single, bare] of text.matchAll(
    /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    const key = name.toLowerCase()
    // The first of two attributes of one name counts (HTML, 13.2.5.33).
    if (!attributes.has(key)) attributes.set(key, resolveEntities(double ?? single ?? bare ?? ''))
  }
  return attributes
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolveEntities(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return named[name.toLowerCase()] ?? whole
    const code = typeof decimal === 'string' ? Number(decimal) : parseInt(String(hex), 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
