import type { Address } from '../asking.ts'
import type { Group } from '../groups.ts'

/** One way to deploy the application; berth is one of them. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  /** Its own copy of the application, which the benchmark edits. */
  readonly folder: string
  /** Where the world asks. */
  readonly front: Address
  readonly group: Group
  /** What fills as one deploys; absent where another peer has the same. */
  readonly storage?: string
  /** Makes the next deploy build everything but the base. Downloads stay. Not timed. */
  forget(): Promise<void>
  /** What an operator would type, from the source tree to an application that serves. */
  deploy(): Promise<void>
  stop?(): Promise<void>
  /** Starts the stopped application and gives the seconds to the first answer on its own port. */
  start?(): Promise<number>
  /** Program names of what runs once for the host, and of what is there for each application beside itself. */
  readonly programs: { readonly host: readonly string[]; readonly helpers: readonly string[] }
}
