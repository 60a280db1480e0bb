import { BuildSandbox, type BuildExit } from '../../isolation/build/sandbox.ts'
import { buildLimits, type BuildAccount, type BuildMount } from '../../isolation/build/config.ts'
import { join } from 'node:path'
import type { BuildCommand } from '../../model/plan.ts'
import { buildFailed, buildOutOfMemory, buildTooLong, lockfileOutOfStep } from '../../model/problems/install.ts'
import type { Workshop } from './workshop.ts'

/** One layer in the making. */
export interface LayerWork {
  readonly id: string
  readonly title: string
  readonly workshop: Workshop
  /** Its own temporary directory, on the file system of the store. */
  readonly directory: string
  /** Below `directory`: becomes the layer. */
  readonly upper: string
  /** Unpacked layers below it, lowest first. */
  readonly below: readonly string[]
  readonly epoch: number
}

export interface SandboxedCommands {
  readonly runAs: BuildAccount
  readonly cwd: string
  readonly commands: readonly BuildCommand[]
  readonly mounts: readonly BuildMount[]
  /** Whether /tmp and its like are in memory; default: yes. */
  readonly hasScratch?: boolean
  readonly proxySocket?: string
  /** Whether the title of the work is the command already. */
  readonly isTitled?: boolean
  /** Gets each line of the output instead of the operator. */
  readonly onLine?: (line: string) => void
  /** Done in the sandbox when all commands have ended well. */
  readonly finish?: (work: LayerWork, sandbox: BuildSandbox) => Promise<void>
}

/**
 * Runs commands one after the other in a build sandbox over the layers below.
 * @throws buildFailed and its like with the last lines of the output.
 */
export async function runInSandbox(work: LayerWork, sandboxed: SandboxedCommands): Promise<void> {
  await withSandbox(work, sandboxed, async (sandbox) => {
    for (const command of sandboxed.commands) await runOne(work, sandbox, sandboxed, command)
    await sandboxed.finish?.(work, sandbox)
  })
}

/** A sandbox over the layers below, for as long as `use` takes. */
export async function withSandbox(
  work: LayerWork,
  { mounts, hasScratch, proxySocket }: Pick<SandboxedCommands, 'mounts' | 'hasScratch' | 'proxySocket'>,
  use: (sandbox: BuildSandbox) => Promise<void>,
): Promise<void> {
  const { workshop, upper, below, epoch } = work
  const sandbox = await BuildSandbox.open(workshop.instance, work.id, {
    layers: below,
    upper,
    work: join(work.directory, 'work'),
    epoch,
    mounts,
    ...(hasScratch === undefined ? {} : { hasScratch }),
    ...(proxySocket === undefined ? {} : { proxySocket }),
  })
  try {
    await use(sandbox)
  } finally {
    await sandbox.close()
  }
}

const keptLines = 20

/** The whole tree over the layers below, on the host: what `use` writes there becomes the layer. */
export async function withTree(
  { workshop, id, upper, below, epoch, directory }: LayerWork,
  use: (root: string) => Promise<void>,
): Promise<void> {
  const spec = { layers: below, upper, work: join(directory, 'work'), epoch, mounts: [], isTreeOnly: true }
  const sandbox = await BuildSandbox.open(workshop.instance, id, spec)
  try {
    await use(sandbox.root)
  } finally {
    await sandbox.close()
  }
}

export async function runOne(
  work: LayerWork,
  sandbox: BuildSandbox,
  { runAs, cwd, onLine: take, isTitled = false }: Pick<SandboxedCommands, 'runAs' | 'cwd' | 'onLine' | 'isTitled'>,
  { argv, env }: BuildCommand,
): Promise<void> {
  const process = { argv, env, runAs, cwd }
  const lines: string[] = []
  const mismatch: string[] = []
  const { emit, signal } = work.workshop
  const onLine = (text: string, stream: 'stdout' | 'stderr') => {
    lines.push(text)
    if (lines.length > keptLines) lines.shift()
    // npm's own code for a lock file that does not match; what does not match follows, and then pages of usage.
    if (mismatch.length > 0 || /^npm .*code EUSAGE$/.test(text)) mismatch.push(text)
    if (take) take(text)
    else emit({ kind: 'output', source: work.title, stream, text })
  }
  const exit = await sandbox.run(process, { onLine, signal })
  if (exit.kind === 'done') return
  if (mismatch.length > 0) throw lockfileOutOfStep({ lines: beforeUsage(mismatch) })
  throw explain(work.title, isTitled ? undefined : shownCommand(argv), { exit, lines })
}

function beforeUsage(lines: readonly string[]): string[] {
  const usage = lines.findIndex((line) => /^npm \S+ (Usage|Options):/.test(line))
  return lines.slice(0, usage === -1 ? keptLines : Math.min(usage, keptLines)).filter((line) => /^npm \S+ ./.test(line))
}

function explain(title: string, command: string | undefined, outcome: { exit: BuildExit; lines: string[] }): Error {
  const { exit, lines } = outcome
  if (exit.kind === 'too-long') return buildTooLong({ title, minutes: buildLimits.minutes, lines })
  const code = exit.kind === 'failed' ? exit.code : 0
  // 128 + SIGKILL: nobody but the kernel, short of memory, sends that here.
  if (code === 137) return buildOutOfMemory({ title, limit: `${buildLimits.memoryBytes / 1024 ** 3} GiB`, lines })
  return buildFailed({ title, command, how: `ended with exit code ${code}`, lines })
}

const shownWords = 6
const shownLength = 100

/** A command on one line; a shell gets a whole script as one word. */
function shownCommand(argv: readonly string[]): string {
  const words = argv.length > shownWords ? [...argv.slice(0, shownWords), '…'] : argv
  const text = words.join(' ').replace(/\s+/g, ' ')
  return text.length > shownLength ? `${text.slice(0, shownLength - 1)}…` : text
}
