import { readFile, readlink, stat } from './files.ts'

/** What the kernel says of a process (proc(5)); none of it can be changed by the process's own words but its `argv`. */
export interface ProcessFacts {
  readonly argv: readonly string[]
  /** As it was given when the program was started. */
  readonly environment: ReadonlyMap<string, string>
  /** As the process itself sees it. */
  readonly workingDirectory: string
  readonly program: string
  /** The lines of `/proc/PID/status`, by name. */
  readonly status: ReadonlyMap<string, string>
}

export async function processFacts(pid: number): Promise<ProcessFacts> {
  const [argv, environment, status, workingDirectory, program] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/environ`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
    readlink(`/proc/${pid}/cwd`),
    readlink(`/proc/${pid}/exe`),
  ])
  return {
    argv: words(argv),
    environment: new Map(words(environment).map((word) => splitOnce(word, '='))),
    status: new Map(status.split('\n').map((line) => splitOnce(line, ':'))),
    workingDirectory,
    program,
  }
}

/** Every word ends with a zero; a word may be empty. */
function words(text: string): string[] {
  return text.split('\0').slice(0, -1)
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()]
}

/** One line of `/proc/PID/mountinfo`. */
export interface MountFacts {
  /** What of its file system is mounted. */
  readonly root: string
  readonly point: string
  readonly options: readonly string[]
  readonly type: string
  readonly superOptions: readonly string[]
}

/** The mounts that a process sees, in the order they were made: of two at one point, the later one counts. */
export async function mountsOf(pid: number): Promise<MountFacts[]> {
  const text = await readFile(`/proc/${pid}/mountinfo`, 'utf8')
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root, point, options] = before.split(' ')
    const [type, , superOptions] = after.split(' ')
    if (root === undefined || point === undefined || options === undefined || type === undefined) return []
    const lists = { options: options.split(','), superOptions: (superOptions ?? '').split(',') }
    return [{ root: unescapeOctal(root), point: unescapeOctal(point), type, ...lists }]
  })
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}

/** Whether two paths lead to the same file or directory; false when one leads nowhere. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}
