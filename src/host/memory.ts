import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives memory that work has left behind back to the host. V8 collects when it needs room, and an idle daemon never
 * does: without this it would keep what its largest build took.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void // the function that the flag above defines
  collect({ type: 'major', flavor: 'last-resort' })
}
