import { TextFault } from './text-fault.ts'

/** A reference to an image, in its parts; the registry is not guessed. */
export interface ImageReference {
  /** Host and port, when the reference names them. */
  readonly registry?: string
  readonly path: string
  readonly tag?: string
  readonly digest?: string
}

const separator = '(?:[._]|__|-+)'
const component = `[a-z0-9]+(?:${separator}[a-z0-9]+)*`
const path = new RegExp(`^${component}(?:/${component})*$`)
const tag = /^\w[\w.-]{0,127}$/
const digest = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const registry = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`)
const longest = 512

/**
 * Reads a reference as `docker pull` does: `debian`, `debian:bookworm`, `host:5000/a/b:tag@sha256:…`.
 * @throws TextFault
 */
export function parseImageReference(text: string): ImageReference {
  const [, rest = '', written = ''] = /^([^@]*)(?:@(.*))?$/s.exec(text) ?? []
  const host = hostOf(rest)
  const remote = host === undefined ? rest : rest.slice(host.length + 1)
  const [, name = '', tagText] = /^([^:]*)(?::(.*))?$/s.exec(remote) ?? []
  const isRight =
    text.length <= longest &&
    path.test(name) &&
    (host === undefined || registry.test(host)) &&
    (tagText === undefined || tag.test(tagText)) &&
    (!text.includes('@') || digest.test(written)) &&
    !/^[a-f0-9]{64}$/.test(text)
  if (!isRight) throw invalid(text, name)
  return {
    ...(host !== undefined && { registry: host }),
    path: name,
    ...(tagText !== undefined && { tag: tagText }),
    ...(written !== '' && { digest: written }),
  }
}

/** The first part names a registry when it looks like a host: it has a dot, a port or a capital, or is localhost. */
function hostOf(text: string): string | undefined {
  const end = text.indexOf('/')
  const first = text.slice(0, Math.max(0, end))
  return first === 'localhost' || /[.:A-Z]/.test(first) ? first : undefined
}

function invalid(text: string, name: string): TextFault {
  return new TextFault('value', {
    message: `\`${text.slice(0, 200)}\` is no reference to an image`,
    fix:
      name !== name.toLowerCase() && path.test(name.toLowerCase())
        ? 'Write it in lower case; a stage has to be above its use'
        : 'Write it as name, name:tag or name@sha256:…',
  })
}
