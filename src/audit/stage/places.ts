import { instanceFrom } from '../../host/instance.ts'

/** Where things are in the outer container, which stands for a host. */
export const places = {
  /** BERTH_HOME of the berth that the levels are started by. */
  home: '/var/lib/berth-scene',
  /** The image of the vulnerable application, mounted read-only: its Python serves the stage itself too. */
  image: '/var/lib/scene-image',
  /** A `python3` of that image, for those who run on the host's own root. */
  tools: '/var/lib/scene-tools',
  toolsLayer: '/var/lib/scene/tools-layer',
  /** Where a copied application has it. */
  toolsInside: '/opt/berth-audit',
  canaries: '/var/lib/scene-canaries',
  witnessLayer: '/var/lib/scene/witness-layer',
  neighbourLayer: '/var/lib/scene/neighbour-layer',
  /** What applications at no level, or a stranger's, may write. */
  work: '/var/lib/scene-work',
  witness: '/opt/witness/id',
  rootFile: '/root/secret',
  hostFile: '/etc/host-notes',
  /** Where an application sees its volume. */
  volume: '/data',
} as const

/** Where those who start applications keep things on the disk of the host. */
export const diskPlaces = [`${places.home}/logs`, '/var/lib/scene-docker/containers', '/var/lib/scene-podman', '/etc']

export const addresses = {
  host: '192.0.2.1',
  /** The other end: everything that is not this host. */
  outside: '192.0.2.2',
  metadata: '169.254.169.254',
  lan: '10.99.0.5',
  internet: '203.0.113.10',
} as const

export const ports = { loopback: 7001, any: 7002, admin: 2019, sink: 7009 } as const

export const hostInterface = 'wan0'

export const sceneRun = '/run/berth-scene'

/** The berth that the levels are started by. */
export const sceneInstance = instanceFrom({ BERTH_HOME: places.home, BERTH_RUN: sceneRun })

/** Volume of an application on the host, for levels of berth's. */
export function volumeOf(role: 'attacked' | 'neighbour'): string {
  return `${places.home}/volumes/${role}/data`
}
