import { randomBytes } from 'node:crypto'

/** What each token stands for, by its name: things that only who got through can know. */
export const tokenMeanings = {
  passwd: "the host's /etc/passwd",
  package: "the host's packages",
  process: "the host's process",
  ownProcess: 'a process of the same user',
  rootFile: "root's file",
  hostFile: "the host's file",
  disk: "the host's disk",
  berthFile: "the deployer's state",
  neighbourEnvironment: "the neighbour's environment",
  neighbourVolume: "the neighbour's data",
  neighbourCode: "the neighbour's code",
  neighbourMemory: "the neighbour's memory",
  traffic: "the neighbour's traffic",
  loopback: "the host's loopback service",
  anyAddress: "the host's service",
  admin: "the front server's interface",
  engine: 'the container engine',
  abstract: "the host's abstract socket",
  shm: "the host's shared memory",
  posixShm: "the host's /dev/shm",
  key: "the host's keyring",
  keyName: "a key's name",
  metadata: 'the metadata service',
  lan: 'the other machine',
  internet: 'the machine of the internet',
  names: 'the resolver outside',
} as const
export type TokenName = keyof typeof tokenMeanings

export type Tokens = Readonly<Record<TokenName, string>>

/** New for each run, so that nothing that was seen once counts twice, and no attacker is given one. */
export function newTokens(): Tokens {
  const names = Object.keys(tokenMeanings) as TokenName[]
  return Object.fromEntries(names.map((name) => [name, `tok-${randomBytes(10).toString('hex')}`])) as Tokens
}
