import { runCommand } from './command.ts'

/** The networks that the host's IPv4 routes name, in every table: `10.0.0.0/8`, one address, or `default`. */
export async function ipv4Routes(): Promise<string[]> {
  const { stdout } = await runCommand(['ip', '-json', '-4', 'route', 'show', 'table', 'all'])
  return (JSON.parse(stdout) as { dst: string }[]).map((route) => route.dst) // as iproute2 documents it
}

/** Has the host refuse to send anything into a network, except where a narrower route leads. */
export async function refuseNetwork(network: string): Promise<void> {
  await runCommand(['ip', 'route', 'replace', 'unreachable', network])
}
