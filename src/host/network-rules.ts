import { neverOpened, notPublic } from '../model/addresses.ts'
import type { Instance } from './instance.ts'
import { granted, type Granted } from './network-elements.ts'
import type { NameServices } from './network-grants.ts'

/** The rules that fence in the sandboxes of an instance, as nft(8) reads them. */

/** What rules are made from. */
export interface Fence extends Granted {
  /** Whether the kernel counts connections (module nft_connlimit); it does unless it is said to be not so. */
  readonly countsConnections?: boolean
}

type Named = Pick<Instance, 'name' | 'interfacePrefix'>

/**
 * The whole table. Loading it again replaces the rules and what follows from grants, in one step; what names have led
 * to and what was refused stays, for it lives in sets that only the kernel and the name relay fill.
 */
export function hostRules(instance: Named, fence: Fence): string {
  const { name } = instance
  return `table inet ${name} { }
flush table inet ${name}
table inet ${name} {
${sets}
${chains(instance, fence)}
}
${granted(name, fence).join('\n')}
`
}

const flow = 'ipv4_addr . ipv4_addr . inet_proto . inet_service'

/** Sizes bound what applications can make the kernel remember. */
const sets = `  set owners { type ifname . ipv4_addr; }
  set senders { type ipv4_addr; }
  set internet { type ipv4_addr; }
  set linked { type ipv4_addr . ipv4_addr; }
  set declared { type ${flow}; flags interval; }
  set addressed { type ${flow}; }
  set opened { type ${flow}; flags timeout; size 65536; }
  set refused { type ${flow}; flags dynamic, timeout; timeout 15m; size 16384; }
  set refusing { type ipv4_addr; flags dynamic, timeout; timeout 5m; size 4096; }
  set connections { type ipv4_addr; flags dynamic; size 4096; }
  set asking { type ipv4_addr; flags dynamic, timeout; timeout 1m; size 4096; }
  set never { type ipv4_addr; flags interval; elements = { ${Object.keys(neverOpened).join(', ')} }; }
  set special { type ipv4_addr; flags interval; elements = { ${notPublic.join(', ')} }; }`

/**
 * The host remembers a number of connections for all together, ended ones for two minutes. One application gets a share:
 * enough for more than a hundred new ones a second.
 */
const oneTooMany = 'ct state new add @connections { ip saddr ct count over 16384 } goto turnaway'

/**
 * What leaves a sandbox is judged before it is routed, so that also what leads nowhere is refused at once and told of,
 * and again on its way to the host (`incoming`) or through it (`passing`).
 *
 * Refused, not dropped: a name lookup or a connection that may not be fails at once instead of after seconds.
 */
function chains({ interfacePrefix }: Named, { services, countsConnections = true }: Fence): string {
  const sandboxes = `"${interfacePrefix}-*"`
  return `  chain note {
    update @refusing { ip saddr limit rate 20/minute burst 60 packets } update @refused { ip saddr . ip daddr . meta l4proto . th dport counter }
  }
  chain refuse {
    tcp flags & (fin | syn | rst | ack) == syn jump note
    meta l4proto udp jump note
    goto turnaway
  }
  chain turnaway {
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain judge {
    meta nfproto ipv6 drop
${questions(services, 'accept').join('\n')}
    iifname . ip saddr != @owners goto refuse
    ip daddr @never goto refuse
    ip saddr . ip daddr @linked tcp dport 80 accept
    ip saddr . ip daddr . meta l4proto . th dport @declared accept
    ip saddr . ip daddr . meta l4proto . th dport @opened accept
    ip saddr @internet ip daddr != @special accept
    goto refuse
  }
  chain outgoing {
    type filter hook prerouting priority -10; policy accept;
    iifname ${sandboxes} ct state established,related accept
    iifname ${sandboxes} ${underWay} accept
    iifname ${sandboxes} ct state invalid drop
${countsConnections ? `    iifname ${sandboxes} ${oneTooMany}` : ''}
    iifname ${sandboxes} jump judge
  }
  chain incoming {
    type filter hook input priority -10; policy accept;
    iifname ${sandboxes} jump arriving
${keptToOurselves(sandboxes, services).join('\n')}
  }
  chain arriving {
${questions(services, 'update @asking { ip saddr limit rate 200/second burst 400 packets } accept').join('\n')}
${questions(services, 'drop').join('\n')}
    ct state established,related accept
    ${underWay} accept
    ip saddr . ip daddr . meta l4proto . th dport @addressed accept
    goto refuse
  }
  chain passing {
    type filter hook forward priority -10; policy accept;
    iifname ${sandboxes} ct state established,related accept
    oifname ${sandboxes} ct state established,related accept
    iifname ${sandboxes} oifname ${sandboxes} ip saddr . ip daddr @linked tcp dport 80 accept
    iifname ${sandboxes} oifname ${sandboxes} goto refuse
    oifname ${sandboxes} drop
    iifname ${sandboxes} jump judge
  }
  chain naming {
    type nat hook prerouting priority -100; policy accept;
${leadQuestions(sandboxes, services).join('\n')}
  }
  chain leaving {
    type nat hook postrouting priority 100; policy accept;
    ip saddr @senders oifname != ${sandboxes} masquerade
  }`
}

/**
 * An answer of the application to the host. With its rules the kernel forgets which connections there are, and a request
 * that is under way then is not to be cut off: what is no beginning of a connection reaches nobody who has none.
 */
const underWay = 'tcp sport 80 tcp flags & (syn | ack) == ack'

/** Questions for names, where they arrive after `naming`. */
function questions(services: NameServices | undefined, verdict: string): string[] {
  const ports = [services?.relayPort, services?.refuserPort].filter((port) => port !== undefined)
  if (!services || ports.length === 0) return []
  return [`    ip daddr ${services.address} udp dport { ${[...new Set(ports)].join(', ')} } ${verdict}`]
}

/** A neighbour that sends to the name server by way of this host gets no answer. */
function keptToOurselves(sandboxes: string, services: NameServices | undefined): string[] {
  return services ? [`    iifname != ${sandboxes} iifname != "lo" ip daddr ${services.address} drop`] : []
}

/** The name server's own port 53 may belong to another program of this host. */
function leadQuestions(sandboxes: string, services: NameServices | undefined): string[] {
  if (!services) return []
  const { address, relayPort, refuserPort } = services
  const asked = `    iifname ${sandboxes} ip daddr ${address} udp dport 53`
  return [
    ...(relayPort === undefined ? [] : [`${asked} ip saddr @senders dnat ip to ${address}:${relayPort}`]),
    ...(refuserPort === undefined ? [] : [`${asked} dnat ip to ${address}:${refuserPort}`]),
  ]
}
