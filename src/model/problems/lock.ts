import { problem } from '../problem.ts'

/** What can go wrong with `berth.lock`. */

export const lockUnreadable = problem('lock-unreadable', {
  explain: `\`berth.lock\` is written by \`berth lock\` and read strictly, because it decides what is installed. A merge
conflict, an edit by hand or a file that was cut off leaves something that cannot be trusted.

After a merge conflict, take either side and run \`berth lock\`: it keeps what is locked and adds what is missing.`,
  text: ({ file, line, reason }: { file: string; line: number; reason: string }) => ({
    message: `Cannot read ${file}: ${reason}`,
    fix: `Restore ${file} from version control, or remove it and run \`berth lock\``,
    at: `${file}:${line}`,
  }),
})

export const lockNewer = problem('lock-newer', {
  explain: `The lock was written by a later berth, in a format that this one does not know.`,
  text: ({ file }: { file: string }) => ({
    message: `Cannot read ${file}: a newer berth has written it`,
    fix: 'Install that version of berth, or remove the lock and run `berth lock`',
    at: `${file}:1`,
  }),
})

export const lockArchitecture = problem('lock-architecture', {
  explain: `Packages of the operating system are for one kind of processor, so a lock is, too.`,
  text: ({ file, locked, host }: { file: string; locked: string; host: string }) => ({
    message: `Cannot build with ${file}: it is for ${locked}, and this host is ${host}`,
    fix: `Deploy on a host with ${locked}, or keep a lock of its own for ${host}`,
    at: `${file}:1`,
  }),
})

export const lockRecipe = problem('lock-recipe', {
  explain: `How berth makes an image of a source and a lock has a number, its recipe, and the lock says which. This berth makes
images by another recipe, so they may come out otherwise than those made before, of the same packages. With \`--locked\` nothing is
decided here; without it, \`berth build\` and \`berth deploy\` go over to the new recipe and write that into \`berth.lock\`.`,
  text: ({ file, locked, known }: { file: string; locked: number; known: number }) => ({
    message: `Cannot build with ${file} and --locked: it is for recipe ${locked}, and this berth has recipe ${known}`,
    fix: 'Run `berth build` without --locked, and commit berth.lock: the packages stay the same',
    at: `${file}:1`,
  }),
})

export const lockMissing = problem('lock-missing', {
  explain: `With \`--locked\` nothing is resolved: what is not in \`berth.lock\` is not installed. It is meant for
machines that must not decide anything, such as CI. Without \`--locked\`, \`berth deploy\` writes the lock itself.`,
  text: ({ app }: { app: string }) => ({
    message: `Cannot deploy ${app} with --locked: there is no berth.lock`,
    fix: 'Run `berth lock`, and commit berth.lock',
  }),
})

/** One line of difference: what changed since the lock was made. */
export interface Drift {
  readonly file: string
  readonly name: string
  /** Undefined: was not there. */
  readonly locked: string | undefined
  /** Undefined: is no longer there. */
  readonly wanted: string | undefined
}

const mostNames = 12

export const lockDrift = problem('lock-drift', {
  explain: `\`berth.lock\` was made for other requirements than the source now has. Building with it would install
something that nobody asked for, so berth refuses. \`berth lock\` brings it up to date: what is locked already stays as it
is, only what has changed is looked up. \`berth plan\` shows what that comes to.`,
  text: ({ file, drift }: { file: string; drift: readonly Drift[] }) => {
    const names = [...new Set(drift.map(({ name }) => name))]
    const shown = names.slice(0, mostNames).join(', ')
    const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
    return {
      message: `${file} does not fit the source any more: ${shown}${more}`,
      fix: 'Run `berth lock`, look at what it changes, and commit berth.lock',
      lines: drift.map(describeDrift),
    }
  },
})

/** Such as `flask in requirements.txt: ==0.10.1 in the lock, ==1.0 now`. */
export function describeDrift({ file, name, locked, wanted }: Drift): string {
  const was = locked === undefined ? 'not in the lock' : `${shown(locked)} in the lock`
  const is = wanted === undefined ? 'gone now' : `${shown(wanted)} now`
  return `${name} in ${file}: ${was}, ${is}`
}

function shown(value: string): string {
  return value === '' ? 'any version' : value
}

interface NotLocked {
  readonly title: string
  /** The lock. */
  readonly file: string
  readonly missing: readonly string[]
  readonly lines: readonly string[]
}

export const notLocked = problem('not-locked', {
  explain: `While a locked application is built, nothing is served but what \`berth.lock\` names. The build asked for
something else, so its result would depend on the day and the machine. This happens when a requirement was changed without
\`berth lock\`, or when an install script downloads something that it did not download while it was recorded.`,
  text: ({ title, file, missing, lines }: NotLocked) => ({
    message: `Cannot build "${title}": it asks for what is not in ${file}: ${missing.slice(0, mostNames).join(', ')}`,
    fix: 'Run `berth lock` to record it',
    lines,
  }),
})
