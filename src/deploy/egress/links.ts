import { egressOf } from '../../model/egress.ts'
import { nearest } from '../../model/nearest.ts'
import { linkToItself, linkUnknown } from '../../model/problems/egress.ts'
import type { RunSpec } from '../../model/release.ts'
import type { Berth } from '../berth.ts'

type Reach = Pick<RunSpec, 'egress' | 'links'>

/** Whether an application may reach anything but its own loopback. */
export function reachesBeyond({ egress, links }: Reach): boolean {
  return egress.length + links.length > 0
}

/** @throws linkUnknown, linkToItself */
export function requireLinks({ state }: Berth, app: string, links: readonly string[]): void {
  const known = state.apps.list().map(({ name }) => name)
  for (const link of links) {
    if (link === app) throw linkToItself({ app })
    if (!known.includes(link)) throw linkUnknown({ app, link, known: nearest(link, known) })
  }
}

/** What an application may reach, in a line for people. */
export function describeReach({ egress, links, bandwidth }: Reach & Pick<RunSpec, 'bandwidth'>): string[] {
  const declared = egressOf(egress).length > 0 ? egress.join(', ') : 'nothing'
  return [
    `may reach ${[declared, ...links.map((link) => `the application ${link}`)].join(', ')}; at most ${bitsText(bandwidth)} each way`,
  ]
}

/** `100 Mbit/s`. */
export function bitsText(bits: number): string {
  const [factor, unit] = bits >= 1e9 ? [1e9, 'G'] : bits >= 1e6 ? [1e6, 'M'] : [1e3, 'k']
  return `${Math.round((bits / factor) * 10) / 10} ${unit}bit/s`
}
