/** The server that faces the world. One interface; Caddy implements it. */
export interface Front {
  /** Why it cannot run here, each with its fix; empty when it can. */
  missing(): Promise<readonly string[]>

  /** Whether all of it is there; a front may be killed at any time. */
  isRunning(): Promise<boolean>

  /** Starts the front, or takes over one that an earlier daemon started. It survives this process. */
  ensureRunning(): Promise<void>

  /**
   * Makes this the whole table of host names and the sandbox addresses they lead to. Nothing is reloaded.
   * A name without an address belongs to an application that does not serve: its visitors are asked to come again.
   * When it returns, every new request goes where the table says.
   */
  route(table: ReadonlyMap<string, string | undefined>): Promise<void>

  /** The domains with TLS certificates of their own. The only change that reloads the front. */
  setDomains(domains: readonly string[]): Promise<void>

  /** Requests that the front has under way with a sandbox, by its address. */
  requestsInFlight(address: string): Promise<number>

  /** Ends the front. */
  stop(): Promise<void>
}
