import { runCommand } from './command.ts'

/** Extended attributes of one file, by name. */
export type Attributes = ReadonlyMap<string, Buffer>

/**
 * Reads the extended attributes that matter of a whole tree, in one process.
 * @param pattern A regular expression for their names (getfattr(1), --match).
 * @returns only the files that have one, by path relative to `root` (empty for the root).
 */
export async function readAttributes(root: string, pattern: string): Promise<Map<string, Attributes>> {
  const argv = ['getfattr', '--recursive', '--physical', '--no-dereference', '--dump', '--absolute-names'] as const
  const { stdout } = await runCommand([...argv, '--encoding=hex', `--match=${pattern}`, '--', root])
  return parseAttributes(stdout, root)
}

/** Parses the dump format of getfattr(1): `# file:` lines with octal escapes, then `name=0xhex` lines. */
export function parseAttributes(dump: string, root: string): Map<string, Attributes> {
  const found = new Map<string, Attributes>()
  for (const block of dump.split('\n\n')) {
    const [head, ...lines] = block.split('\n').filter((line) => line !== '')
    if (!head?.startsWith('# file: ')) continue
    const path = unescapeOctal(head.slice('# file: '.length))
    const attributes = lines.map((line): [string, Buffer] => {
      const at = line.indexOf('=0x')
      return at === -1 ? [line, Buffer.alloc(0)] : [line.slice(0, at), Buffer.from(line.slice(at + 3), 'hex')]
    })
    found.set(path === root ? '' : path.slice(root.length + 1), new Map(attributes))
  }
  return found
}

function unescapeOctal(text: string): string {
  const bytes = Buffer.from(text).toString('latin1')
  const plain = bytes.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
  return Buffer.from(plain, 'latin1').toString('utf8')
}

/**
 * Sets extended attributes of many files in one process; what is no text is set as it is.
 * @param attributes By absolute path; links are not followed.
 */
export async function writeAttributes(attributes: ReadonlyMap<string, Attributes>): Promise<void> {
  if (attributes.size === 0) return
  const blocks = [...attributes].map(([path, values]) => {
    const lines = [...values].map(([name, value]) => `${name}=0x${value.toString('hex')}\n`)
    return `# file: ${escapeOctal(path)}\n${lines.join('')}\n`
  })
  await runCommand(['setfattr', '--no-dereference', '--restore=-'], { input: blocks.join('') })
}

/** What would end the line, or look like an escape itself (setfattr(1)). */
function escapeOctal(path: string): string {
  return path.replaceAll(/[\\\n\r]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
