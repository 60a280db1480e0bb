import { dirname, join } from 'node:path'
import * as files from '../../../host/files.ts'
import { resolveInRoot } from './root-path.ts'

/**
 * The directories and empty files that a runtime makes in an image in order to mount something there. They are no part
 * of what a command has done.
 */
export class MountPoints {
  readonly #upper: string
  /** Below the image's root; inner ones first. */
  #missing: string[] = []

  constructor(upper: string) {
    this.#upper = upper
  }

  /** Looks at what is not there before the command runs. */
  async remember(root: string, targets: readonly string[]): Promise<void> {
    const missing = new Set<string>()
    for (const target of targets) {
      const parts = resolveInRoot(root, target).slice(root.length).split('/').filter(Boolean)
      for (let length = 1; length <= parts.length; length += 1) {
        const path = parts.slice(0, length).join('/')
        if (!(await isThere(join(root, path)))) missing.add(path)
      }
    }
    this.#missing = [...missing].sort().reverse()
  }

  /** Removes those that are still empty. */
  async remove(): Promise<void> {
    for (const path of this.#missing) {
      const place = join(this.#upper, path)
      // A command may have put a symbolic link in the way, which would lead anywhere.
      const above = dirname(`/${path}`)
      if (resolveInRoot(this.#upper, above) !== join(this.#upper, above)) continue
      const facts = await files.lstat(place).catch(() => undefined)
      if (facts?.isDirectory()) await files.rmdir(place).catch(whenInUse)
      else if (facts?.isFile() && facts.size === 0) await files.unlink(place)
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await files.lstat(path).catch(() => undefined)) !== undefined
}

function whenInUse(error: unknown): void {
  if (!files.hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error
}
