/** What attacks are after; apart from the shapes of reports, which bring their checks along to every command. */

/** Groups of attacks, in the order in which they are shown. */
export const auditGroups = [
  'talk',
  'host',
  'confidentiality',
  'network',
  'exhaustion',
  'immutability',
  'privilege',
  'escape',
  'deployer',
] as const
export type AuditGroup = (typeof auditGroups)[number]

/** What each group of attacks is after. */
export const auditGroupTitles: Readonly<Record<AuditGroup, string>> = {
  talk: "the talk's own exploits",
  host: 'host integrity',
  confidentiality: 'confidentiality',
  network: 'lateral network',
  exhaustion: 'exhaustion',
  immutability: 'immutability',
  privilege: 'privilege',
  escape: 'known escapes',
  deployer: 'the deployer itself',
}
