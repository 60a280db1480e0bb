import type { CopyAction, CopySource, Origin } from './action.ts'
import { parseMode } from './file-mode.ts'
import { gitSource, parseGitSource } from './git-source.ts'
import type { CopyInstruction } from './instruction.ts'
import { copyOrigin } from './origin.ts'
import { baseName, isAbsolute, joinPath } from './paths.ts'
import type { StageState } from './stage-state.ts'
import { shifted, TextFault } from './text-fault.ts'

/** `COPY` and `ADD`. */
export function evaluateCopy(instruction: CopyInstruction, state: StageState): void {
  const { kind, chown, chmod, link, parents, exclude } = instruction
  const owner = chown && state.expand(chown)
  const mode = chmod && state.expand(chmod)
  if (owner !== undefined && owner !== '' && link) refuseNames(owner, chown?.offset)
  if (mode !== undefined && mode !== '') shifted(chmod?.offset ?? 0, () => parseMode(mode))
  const sources = evaluateSources(instruction, state)
  const destination = state.expand(instruction.destination)
  const action: CopyAction = {
    kind: 'copy',
    sources: sources.map(({ source }) => source),
    destination: absoluteTarget(destination, state.workdir),
    ...(owner !== undefined && owner !== '' && { owner }),
    ...(mode !== undefined && mode !== '' && { mode }),
    ...{ exclude, parents, link },
  }
  const flags = [parents ? '--parents' : '', owner ? `--chown=${owner}` : '', mode ? `--chmod=${mode}` : '']
  const words = [...flags.filter((flag) => flag !== ''), ...sources.map(({ shown }) => shown), destination]
  state.commit([kind.toUpperCase(), ...words].join(' '), action)
}

interface Source {
  readonly source: CopySource
  /** As the history shows it. */
  readonly shown: string
}

function evaluateSources(instruction: CopyInstruction, state: StageState): Source[] {
  const { from } = instruction
  const origin: Origin = from ? copyOrigin(from, state.plan) : { kind: 'context' }
  const checksum = readChecksum(instruction, state)
  const files = instruction.sources.map((word): Source => {
    const text = state.expand(word)
    const source = shifted(word.offset, () => sourceOf(text, { instruction, origin, checksum }))
    return { source, shown: text }
  })
  const inline = instruction.inline.map(({ name, content, expand }): Source => {
    const text = expand ? state.expandText(content, { escape: '\\', quotes: 'ignore', longest: longestFile }) : content
    return { source: { kind: 'inline', name, content: text }, shown: `<<${name}` }
  })
  return [...files, ...inline]
}

/** UTF-16 units of a file that stands in the Dockerfile. */
const longestFile = 16 * 1024 * 1024

interface SourceContext {
  readonly instruction: CopyInstruction
  readonly origin: Origin
  readonly checksum: string | undefined
}

function sourceOf(text: string, { instruction, origin, checksum }: SourceContext): CopySource {
  const { kind, parents, keepGitDir, unpack } = instruction
  const git = parseGitSource(text)
  const isUrl = /^https?:\/\//.test(text)
  if (kind === 'copy' && (git || isUrl)) {
    throw fault(`COPY cannot fetch ${git ? 'repositories' : 'URLs'}`, 'Write `ADD` instead')
  }
  if (git) {
    return gitSource(git, {
      ...(checksum !== undefined && { checksum }),
      ...(keepGitDir !== undefined && { keepGitDir }),
    })
  }
  if (isUrl) return urlSource(text, checksum, unpack ?? false)
  if (checksum !== undefined) throw fault('`--checksum` is for URLs and repositories', 'Remove it')
  const pattern = parents ? text : joinPath('/', text)
  return { kind: 'files', from: origin, pattern, unpack: kind === 'add' && (unpack ?? true) }
}

function urlSource(url: string, checksum: string | undefined, unpack: boolean): CopySource {
  if (!URL.canParse(url)) throw fault(`\`${url}\` is no URL`, 'Correct it')
  if (checksum !== undefined && !/^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(checksum)) {
    throw fault(`\`${checksum}\` is no checksum`, 'Write it as sha256: and 64 digits, in lower case')
  }
  const name = decodeName(baseName(new URL(url).pathname))
  return { kind: 'url', url, name: name || '__unnamed__', ...(checksum !== undefined && { checksum }), unpack }
}

/** A name in a URL may be percent-encoded; it never has a slash. */
function decodeName(name: string): string {
  try {
    const decoded = decodeURIComponent(name)
    return /[/\0]/.test(decoded) || decoded === '.' || decoded === '..' ? name : decoded
  } catch (error) {
    if (error instanceof URIError) return name
    throw error
  }
}

function readChecksum({ checksum, sources }: CopyInstruction, state: StageState): string | undefined {
  const text = checksum && state.expand(checksum)
  if (text === undefined || text === '') return undefined
  if (sources.length === 1) return text
  throw new TextFault('value', {
    message: '`--checksum` is for one source',
    fix: 'Write an `ADD` for each',
    offset: checksum?.offset ?? 0,
  })
}

/** The user and group of a layer that knows no file below can only be numbers. */
function refuseNames(owner: string, offset = 0): void {
  const names = owner.split(':', 2).filter((part) => part !== '' && part !== 'root' && !/^[-+]?\d{1,10}$/.test(part))
  if (names.length === 0) return
  throw new TextFault('value', {
    message: `\`--link\` copies without looking into the image, where ${names.join(' and ')} would be found`,
    fix: 'Write numbers, as in `--chown=1000:1000`, or remove `--link`',
    offset,
  })
}

function absoluteTarget(target: string, workdir: string): string {
  const isDirectory = /(^|\/)\.?$/.test(target)
  const path = joinPath(isAbsolute(target) ? '/' : workdir, target)
  return isDirectory && path !== '/' ? `${path}/` : path
}

function fault(message: string, fix: string): TextFault {
  return new TextFault('value', { message, fix })
}
