/** Something that an application tried to reach and that its manifest does not declare. */
export interface Refusal {
  /** `10.0.0.5:22`, with `/udp` where that is meant; or a name. */
  readonly what: string
  readonly kind: 'address' | 'name'
  /** At least so often; a flood is not counted to its end. */
  readonly count: number
  /** RFC 3339, UTC. */
  readonly lastAt: string
  /** What would allow it, in `[isolation]`: `egress = ["10.0.0.5:22"]`. Absent for what nothing allows. */
  readonly allow?: string
  /** Why nothing allows it. */
  readonly why?: string
}

/** One line for the operator. */
export function describeRefusal(app: string, { what, kind, allow, why }: Refusal): string {
  const did = kind === 'name' ? `asked for ${what}` : `tried ${what}, refused`
  const way = allow === undefined ? (why ?? 'nothing allows it') : `to allow it add ${allow} to [isolation]`
  return `${app} ${did}; ${way}`
}
