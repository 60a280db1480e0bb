import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../host/command.ts'
import { exists, mkdir, readdir, readFile, replaceFile, rm } from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import { programs } from '../../sandbox/programs.ts'
import { cpioArchive, type Entry } from './cpio.ts'
import { sharedPaths } from './paths.ts'

/** Where the programs of this level are. */
export const programsDirectory = fileURLToPath(new URL('vm-programs', import.meta.url))

const guestPrograms = ['frames', 'kernel', 'guest-tree', 'guest-filter', 'guest-processes']

/**
 * The first root of every virtual machine: this host's Perl (which is there anyway, and needs two of its own files) with
 * berth's programs for the guest, tini, and the kernel's modules. Made again when any of them has changed.
 * @returns its path
 */
export async function ensureInitramfs(instance: Instance): Promise<string> {
  const { all, kernel } = sharedPaths(instance)
  return oneAtATime(`initramfs ${all}`, async () => {
    const entries = await entriesOf(kernel)
    const path = join(all, `initramfs-${keyOf(entries)}`)
    if (await exists(path)) return path
    await mkdir(all, { recursive: true, mode: 0o711 })
    const others = (await readdir(all)).filter((name) => name.startsWith('initramfs-'))
    await replaceFile(path, cpioArchive(entries))
    // A machine that is being started has the old one open already, or finds it gone and says so.
    for (const name of others) await rm(join(all, name), { force: true })
    return path
  })
}

function keyOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256')
  for (const { path, content } of entries) hash.update(`${path}\0${content.length}\0`).update(content)
  return hash.digest('hex').slice(0, 16)
}

async function entriesOf(kernel: string): Promise<Entry[]> {
  const entry = async (path: string, source: string, mode = 0o644) => ({ path, mode, content: await readFile(source) })
  const modules = (await readdir(join(kernel, 'modules'))).sort()
  const { interpreter, needed } = await perlFiles()
  return Promise.all([
    entry('init', join(programsDirectory, 'guest-init.pl'), 0o755),
    ...guestPrograms.map((name) => entry(`lib/berth/${name}.pl`, join(programsDirectory, `${name}.pl`))),
    entry('bin/perl', interpreter, 0o755),
    entry('bin/init', programs.init, 0o755),
    ...needed.map((source) => entry(source.slice(1), source, 0o755)),
    ...modules.map((name) => entry(`lib/modules/${basename(name)}`, join(kernel, 'modules', name))),
    ...['proc', 'dev'].map((name) =>
      Promise.resolve({ path: `${name}/.keep`, mode: 0o644, content: new Uint8Array() }),
    ),
  ])
}

/** The interpreter, the libraries that it is linked with and the two modules that berth's programs use. */
async function perlFiles(): Promise<{ interpreter: string; needed: string[] }> {
  const script = 'use strict; use warnings; print join "\\n", $^X, @INC{"strict.pm", "warnings.pm"}'
  const { stdout } = await runCommand(['perl', '-e', script])
  const [interpreter = '', ...modules] = stdout.split('\n')
  const { stdout: linked } = await runCommand(['ldd', interpreter])
  return { interpreter, needed: [...modules, ...parseLibraries(linked)] }
}

/** The files that `ldd` names. */
export function parseLibraries(text: string): string[] {
  return text.split('\n').flatMap((line) => /(?:=> |^\s+)(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}
