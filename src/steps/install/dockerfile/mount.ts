import type { Origin, RunMount } from './action.ts'
import { csvFields } from './csv.ts'
import { readMountOptions, type MountOptions } from './mount-options.ts'
import { baseName, isAbsolute, joinPath } from './paths.ts'
import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'

/** What a mount needs of the state of its stage. */
export interface MountContext {
  readonly workdir: string
  /** Puts variables in. */
  readonly expand: (word: Word) => string
  /** What `from=` names. */
  readonly origin: (name: string) => Origin
}

/**
 * Where a mount's files come from, by the name of a stage or an image; it decides which stages are needed, and so may
 * hold no variable.
 * @returns undefined for one without `from=`.
 * @throws TextFault
 */
export function mountOrigin(mount: Word): Word | undefined {
  let origin: Word | undefined
  for (const { text, offset } of csvFields(mount)) {
    const end = text.indexOf('=')
    if (text.slice(0, Math.max(0, end)).toLowerCase() !== 'from') continue
    origin = { text: text.slice(end + 1), offset: offset + end + 1 }
    if (/\$./s.test(origin.text)) {
      throw new TextFault('variable', {
        message: 'the origin of a mount cannot be a variable',
        fix: 'Write `FROM $… AS name` above, and `from=name` here',
        offset: origin.offset,
      })
    }
  }
  return origin?.text === '' ? undefined : origin
}

/**
 * Evaluates one `--mount`.
 * @throws TextFault
 */
export function evaluateMount(mount: Word, context: MountContext): RunMount {
  const options = readMountOptions(csvFields(mount), context.expand)
  const check = (isRight: boolean, message: string, fix: string): void => {
    if (!isRight) throw new TextFault('value', { message, fix, offset: mount.offset })
  }
  switch (options.kind) {
    case 'secret':
      return secretMount(options, check)
    case 'ssh':
      check(options.source === '', 'an ssh mount has no source', 'Remove `source=`')
      return { ...account(options, 0o600), kind: 'ssh', id: options.id || 'default', target: options.target }
    case 'tmpfs':
      return {
        kind: 'tmpfs',
        target: targetOf(options, context, check),
        size: options.size,
        writable: options.writable,
      }
    case 'cache':
      return cacheMount(options, context, check)
    case 'bind':
      return {
        kind: 'bind',
        target: targetOf(options, context, check),
        from: options.from === '' ? { kind: 'context' } : context.origin(options.from),
        source: joinPath('/', options.source),
        writable: options.writable,
      }
  }
}

type Check = (isRight: boolean, message: string, fix: string) => void

function secretMount(options: MountOptions, check: Check): RunMount {
  const { source, target, env } = options
  check(options.from === '', 'a secret has no `from`', 'Remove `from=`')
  check(source === '' || options.id === '', 'a secret has `id` or `source`, not both', 'Remove one of them')
  const id = source || options.id || baseName(target)
  check(id !== '', 'a secret needs a name', 'Write `--mount=type=secret,id=name`')
  const file = target || (env === undefined ? `/run/secrets/${baseName(id)}` : '')
  return { ...account(options, 0o400), kind: 'secret', id, target: file, ...(env !== undefined && { env }) }
}

function cacheMount(options: MountOptions, context: MountContext, check: Check): RunMount {
  const { uid = 0, gid = 0, mode = 0o755 } = options
  return {
    kind: 'cache',
    id: options.id || joinPath('', options.target),
    target: targetOf(options, context, check),
    from: options.from === '' ? { kind: 'scratch' } : context.origin(options.from),
    source: joinPath('/', options.source),
    sharing: options.sharing ?? 'shared',
    writable: options.writable,
    ...{ uid, gid, mode },
  }
}

function targetOf({ target }: MountOptions, { workdir }: MountContext, check: Check): string {
  const path = joinPath(isAbsolute(target) ? '/' : workdir, target)
  check(path !== '/', 'a mount cannot be over the whole file system', 'Name a directory: `target=/…`')
  return path
}

function account({ uid = 0, gid = 0, mode, required }: MountOptions, defaultMode: number): SecretAccount {
  return { uid, gid, mode: mode ?? defaultMode, required }
}

type SecretAccount = Pick<Extract<RunMount, { kind: 'ssh' }>, 'uid' | 'gid' | 'mode' | 'required'>
