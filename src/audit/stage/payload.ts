import { join } from 'node:path'
import { readFile, readdir } from '../../host/files.ts'

/** The exploits, each as the Python text that runs it: what all have in common, one function, and its call. */
export async function readPayloads(): Promise<ReadonlyMap<string, string>> {
  const folder = join(import.meta.dirname, '..', 'payloads')
  const common = await readFile(join(folder, 'common.py'), 'utf8')
  const payloads = new Map<string, string>()
  for (const name of (await readdir(folder)).sort()) {
    if (!name.endsWith('.py') || name === 'common.py') continue
    for (const [id, text] of functionsOf(await readFile(join(folder, name), 'utf8'))) {
      payloads.set(id, `${common}\n\n${text}\n\nmain()\n`)
    }
  }
  return payloads
}

/** The functions of a module that are named after attacks, with their text. */
export function functionsOf(module: string): [id: string, text: string][] {
  return module.split(/^(?=def )/m).flatMap((text): [string, string][] => {
    const id = /^def ([A-Z][0-9]{2})\(/.exec(text)?.[1]
    return id === undefined ? [] : [[id, text.trimEnd()]]
  })
}

/**
 * The document that makes a loader of YAML run a program. What JSON writes as text is also text of YAML, between
 * quotation marks, with the same escapes.
 */
export function yamlExploit(argv: readonly string[]): string {
  return `!!python/object/apply:subprocess.check_output [${JSON.stringify([...argv])}]\n`
}
