import { basename, join } from 'node:path'
import { readdir, readStart, readUntrusted } from '../../../host/files.ts'
import { type Composite, locate } from './composite.ts'

/** What the application would lack on this host, in words that follow "Cannot make the sandbox: ". */
export type Lack = string | undefined

const otherLevel = 'or choose a level that brings the whole image, such as `chroot` or `container`'

/**
 * Looks whether what an image brings can run on this host's programs.
 * @param argv with the program first, by its name or its path
 * @param path where programs are looked for, as in the variable PATH
 */
export async function whatLacks(
  composite: Composite,
  { argv, workdir, path }: { readonly argv: readonly string[]; readonly workdir: string; readonly path: string },
): Promise<Lack> {
  const { brought } = composite
  if (!brought.some((name) => `${workdir}/`.startsWith(`/${name}/`)) && workdir !== '/')
    return `its working directory ${workdir} is among Debian's own directories, of which this level takes the host's: put the application below /app, ${otherLevel}`
  return (await lackOfEnvironments(composite)) ?? (await lackOfProgram(composite, argv[0] ?? '', path))
}

/** Virtual environments of Python have no interpreter of their own, but a link to the one that they were made with. */
async function lackOfEnvironments(composite: Composite): Promise<Lack> {
  for (const directory of await environments(composite)) {
    const python = await locate(composite, `${directory}/bin/python`)
    const made = await versionIn(composite, `${directory}/pyvenv.cfg`)
    const needs = `its virtual environment ${directory} is made for Python ${made ?? '(of an unknown version)'}`
    const install = `apt-get install python${made ?? '3'} where Debian has it, ${otherLevel}`
    if ('missing' in python) return `${needs}, and this host has no ${python.missing}: ${install}`
    const has = /^python(\d+\.\d+)$/.exec(basename(python.path))?.[1]
    if (made !== undefined && has !== undefined && has !== made)
      return `${needs}, and this host's is ${has}: ${install}`
  }
  return undefined
}

/** In what is brought, and one directory further down: `/app/venv`, `/opt/venv`, `/venv`. */
async function environments({ brought, layers }: Composite): Promise<string[]> {
  const found = new Set<string>()
  for (const layer of layers)
    for (const name of brought) {
      const inside = await readdir(join(layer, name)).catch(() => [])
      for (const directory of [name, ...inside.map((entry) => `${name}/${entry}`)])
        if ((await readUntrusted(join(layer, directory, 'pyvenv.cfg')).catch(() => undefined)) !== undefined)
          found.add(`/${directory}`)
    }
  return [...found].sort()
}

/** The key `version` of pyvenv.cfg, which virtualenv calls `version_info`: its first two numbers. */
async function versionIn(composite: Composite, path: string): Promise<string | undefined> {
  const file = await locate(composite, path)
  const text = 'missing' in file ? undefined : await readUntrusted(file.onHost)
  return /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(text ?? '')?.[1]
}

async function lackOfProgram(composite: Composite, program: string, path: string): Promise<Lack> {
  const candidates = program.includes('/') ? [program] : path.split(':').map((directory) => `${directory}/${program}`)
  for (const candidate of candidates) {
    const found = await locate(composite, candidate)
    if (!('missing' in found) && found.stats.isFile()) return lackOfInterpreter(composite, candidate, found.onHost)
  }
  return `\`${program}\` is neither in what the image brings nor on this host: install it here, ${otherLevel}`
}

/** What the kernel starts in a program's place: that of a script's first line, or the loader of its format. */
async function lackOfInterpreter(composite: Composite, program: string, onHost: string): Promise<Lack> {
  const start = await readStart(onHost, 4096)
  const interpreter = interpreterIn(start)
  if (interpreter === undefined) return undefined
  const found = await locate(composite, interpreter)
  if (!('missing' in found)) return undefined
  return `${program} needs ${interpreter}, and this host has no ${found.missing}: install what has it, ${otherLevel}`
}

/** Of `#!` (execve(2)), or of an ELF file of 64 bits, little end first (elf(5)): the text of its PT_INTERP. */
export function interpreterIn(start: Buffer): string | undefined {
  const script = /^#![ \t]*([^ \t\n\0]+)/.exec(start.toString('latin1'))?.[1]
  if (script !== undefined) return script
  if (start.length < 64 || start.readUInt32BE(0) !== 0x7f454c46 || start[4] !== 2 || start[5] !== 1) return undefined
  const [headers, size, count] = [Number(start.readBigUInt64LE(32)), start.readUInt16LE(54), start.readUInt16LE(56)]
  for (let at = headers; at < headers + size * count && at + 56 <= start.length; at += Math.max(size, 56)) {
    if (start.readUInt32LE(at) !== 3) continue
    const [offset, length] = [Number(start.readBigUInt64LE(at + 8)), Number(start.readBigUInt64LE(at + 32))]
    return start.toString('latin1', offset, Math.max(offset, offset + length - 1)) || undefined
  }
  return undefined
}
