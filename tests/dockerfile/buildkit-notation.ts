import { splitParents } from '../../src/steps/install/dockerfile/index.ts'
import type {
  CopyAction,
  CopySource,
  EvaluatedStage,
  Origin,
  RunAction,
  RunMount,
} from '../../src/steps/install/dockerfile/index.ts'

/** Writes actions as the program that called BuildKit wrote BuildKit's, so that both can be compared. */

export interface BuildkitRun {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly network?: string
  readonly mounts?: readonly string[]
}

export interface BuildkitStep {
  /** Of what stands below, and how many steps are on top of it. */
  readonly makes: string
  readonly run?: BuildkitRun
  readonly file?: readonly string[]
}

/** What every stage makes, by its index: the image below, and the number of steps on top of it. */
export type Labels = Map<number, string>

export function labelOf(base: string, steps: number): string {
  const [root = '', count = '0'] = base.split('+')
  const total = Number(count) + steps
  return total === 0 ? root : `${root}+${total}`
}

export function stepsOf(stage: EvaluatedStage, below: string, labels: Labels): BuildkitStep[] {
  return stage.steps.map(({ action }, index): BuildkitStep => {
    const makes = labelOf(below, index + 1)
    switch (action.kind) {
      case 'run':
        return { makes, run: runOf(action, labels) }
      case 'copy':
        return { makes, file: action.sources.map((source) => copyOf(source, action, labels)) }
      case 'directory':
        return { makes, file: [`mkdir ${action.path} mode=755 owner=${ownerOf(action.user)}`] }
    }
  })
}

export function originOf(origin: Origin, labels: Labels): string {
  switch (origin.kind) {
    case 'context':
    case 'scratch':
      return origin.kind
    case 'stage':
      return labels.get(origin.index) ?? `stage ${origin.index}`
    case 'image':
      return `image:${origin.reference}`
  }
}

function runOf(action: RunAction, labels: Labels): BuildkitRun {
  const { argv, environment, workdir, user, network, mounts, script } = action
  const written = mounts.flatMap((mount) => mountOf(mount, labels))
  if (script) {
    const name = script.path.split('/').at(-1) ?? ''
    const file = `mkfile /${name} mode=755 ${JSON.stringify(script.content)}`
    written.push(`bind /dev/pipes/ from=${file} source=/ ro=true`)
  }
  return {
    args: argv,
    env: Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    cwd: workdir,
    user,
    ...(network === 'none' && { network: 'none' }),
    ...(written.length > 0 && { mounts: written.sort() }),
  }
}

function mountOf(mount: RunMount, labels: Labels): string[] {
  switch (mount.kind) {
    case 'bind':
      return [
        `bind ${mount.target} from=${originOf(mount.from, labels)} source=${sourceOf(mount.source)} ro=${!mount.writable}`,
      ]
    case 'cache': {
      const { target, id, sharing, from, source, writable, mode, uid, gid } = mount
      // BuildKit makes a directory with these rights in an empty layer, and mounts that.
      const isOwn = (mode !== 0o755 || uid !== 0 || gid !== 0) && source === '/'
      const below = isOwn ? labelOf(originOf(from, labels), 1) : originOf(from, labels)
      const path = isOwn ? '/cache' : sourceOf(source)
      return [`cache ${target} id=${id} sharing=${sharing} from=${below} source=${path} ro=${!writable}`]
    }
    case 'tmpfs':
      return [`tmpfs ${mount.target} size=${mount.size} ro=${!mount.writable}`]
    case 'secret':
      return secretOf(mount)
    case 'ssh':
      return [`ssh ${mount.target || '/run/buildkit/ssh_agent.0'} id=${mount.id} ${accountOf(mount)}`]
  }
}

function secretOf(mount: Extract<RunMount, { kind: 'secret' }>): string[] {
  const file = mount.target === '' ? [] : [`secret ${mount.target} id=${mount.id} ${accountOf(mount)}`]
  const variable = mount.env === undefined ? [] : [`secretenv ${mount.env} id=${mount.id} optional=${!mount.required}`]
  return [...file, ...variable]
}

function accountOf({ required, mode, uid, gid }: Extract<RunMount, { kind: 'ssh' | 'secret' }>): string {
  return `optional=${!required} mode=${mode.toString(8)} uid=${uid} gid=${gid}`
}

function sourceOf(source: string): string {
  return source === '/' ? '' : source
}

function copyOf(source: CopySource, action: CopyAction, labels: Labels): string {
  const { destination, mode, owner, exclude } = action
  const modeText = mode === undefined ? '-' : /^\d+$/.test(mode) ? Number.parseInt(mode, 8).toString(8) : mode
  const rest = `to ${destination} mode=${modeText} owner=${ownerOf(owner ?? '')} exclude=[${exclude.join(' ')}]`
  switch (source.kind) {
    case 'files': {
      const from = originOf(source.from, labels)
      const unpack = `unpack=${source.unpack}`
      if (!action.parents) return `copy ${from}:${source.pattern} ${rest} ${unpack}`
      const { start, include } = splitParents(source.pattern)
      const required = /[*?[]/.test(start + include) ? '' : `${start === '/' ? '' : start}/${include}`
      return `copy ${from}:${start} ${rest} ${unpack} include=[${include}] required=[${required}]`
    }
    case 'inline':
      return `copy mkfile /${source.name} mode=644 ${JSON.stringify(source.content)}:/${source.name} ${rest} unpack=false`
    case 'url': {
      const checksum = source.checksum === undefined ? '' : ` http.checksum=${source.checksum}`
      return `copy ${source.url}${checksum} http.filename=${source.name}:/${source.name} ${rest} unpack=${source.unpack}`
    }
    case 'git':
      return `copy ${gitOf(source)}:/ ${rest} unpack=false`
  }
}

function gitOf(source: Extract<CopySource, { kind: 'git' }>): string {
  const { remote, ref = '', directory = '', checksum, keepGitDir, submodules } = source
  const place =
    [ref, directory].filter((part) => part !== '').length > 0 ? `#${ref}${directory && `:${directory}`}` : ''
  const options = [
    checksum === undefined ? '' : ` git.checksum=${checksum}`,
    keepGitDir ? ' git.keepgitdir=true' : '',
    submodules ? '' : ' git.skipsubmodules=true',
  ]
  return `git ${remote}${place}${options.join('')}`
}

/** Numbers as numbers, `root` as 0, as BuildKit keeps them. */
function ownerOf(text: string): string {
  if (text === '') return ''
  const [user = '', group] = text.split(':', 2)
  const number = (part: string): string => (part === 'root' || part === '' ? '0' : part)
  return group === undefined || group === '' ? number(user) : `${number(user)}:${number(group)}`
}
