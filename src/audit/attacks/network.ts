import { comesOut, findsSome, isDone, textOf, named, type Attack } from '../attack.ts'

/** Whom it reaches from where it is. */
export const networkAttacks: readonly Attack[] = [
  {
    ...named('network', 'N01', 'other-app-port', 'Ask the neighbour directly'),
    leaksWhen: 'it tells its secret, which it does to all who reach it',
    judge: comesOut('neighbourEnvironment'),
  },
  {
    ...named('network', 'N02', 'host-loopback', 'Ask a service on the loopback of the host'),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('loopback'),
  },
  {
    ...named('network', 'N03', 'host-any-address', 'Ask a service on every address of the host'),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('anyAddress'),
  },
  {
    ...named('network', 'N04', 'container-socket', 'Ask the container engine, which is root'),
    leaksWhen: 'it answers',
    isSafe: true,
    judge: comesOut('engine'),
  },
  {
    ...named('network', 'N05', 'proxy-admin', "Ask the front server's interface for its masters"),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('admin'),
  },
  {
    ...named('network', 'N06', 'raw-socket', 'Send packets of its own making'),
    leaksWhen: 'a raw socket opens',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these open'),
  },
  {
    ...named('network', 'N07', 'arp-spoof', 'Be the gateway, for the neighbour'),
    leaksWhen: "the neighbour's table has the attacker's address for the gateway's",
    judge: async ({ said, scene }) => {
      const own = textOf(said['own'])
      return own !== '' && (await scene.neighbourArp()).includes(own) ? 'the neighbour believes it' : undefined
    },
  },
  {
    ...named('network', 'N08', 'cloud-metadata', "Ask the cloud's metadata service for the keys"),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('metadata'),
  },
  {
    ...named('network', 'N09', 'lan-host', 'Ask another machine of the same network'),
    leaksWhen: 'what it answers comes out',
    isSafe: true,
    judge: comesOut('lan'),
  },
  {
    ...named('network', 'N10', 'internet-egress', 'Call home'),
    leaksWhen: 'what a machine of the internet answers comes out',
    isSafe: true,
    judge: comesOut('internet'),
  },
  {
    ...named('network', 'N11', 'link-local', 'Ask the neighbour by addresses that need no route'),
    leaksWhen: 'it tells its secret, which it does to all who reach it',
    judge: comesOut('neighbourEnvironment'),
  },
  {
    ...named('network', 'N12', 'bind-host-port', 'Take a port of the host'),
    leaksWhen: "it is bound in the host's own network",
    isSafe: true,
    judge: ({ said, scene }) =>
      said['bound'] === true && said['network'] === scene.hostNamespace('net') ? 'port 8443 is taken' : undefined,
  },
  {
    ...named('network', 'N13', 'exotic-families', 'Open sockets of families that nobody uses'),
    leaksWhen: 'one opens',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these open'),
  },
  {
    ...named('network', 'N14', 'name-resolution', 'Call home in questions about names'),
    leaksWhen: 'a resolver outside answers',
    isSafe: true,
    judge: comesOut('names'),
  },
  {
    ...named('network', 'N15', 'network-settings', 'Change the rules of its network'),
    leaksWhen: "the kernel takes a change, in the host's own network",
    isSafe: true,
    judge: (seen) =>
      seen.said['network'] === seen.scene.hostNamespace('net')
        ? isDone('change', "the host's interfaces can be changed")(seen)
        : undefined,
  },
]
