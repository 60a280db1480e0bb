import { randomBytes, randomInt } from 'node:crypto'
import { allowedProcessors, countOf } from '../../host/processors.ts'

/**
 * How much each attack that takes something tries to take. More than any application needs and far less than would
 * harm a host: the outer container itself has limits above them.
 */
export async function ownLimits() {
  const { allowed } = await allowedProcessors()
  return {
    forks: 1000,
    burners: Math.min(256, Math.max(64, 8 * countOf(allowed))),
    threads: 1500,
    memoryMebibytes: 640,
    tmpfsMebibytes: 300,
    volumeMebibytes: 300,
    files: 20_000,
    descriptors: 10_001,
    terminals: 1000,
    watchers: 64,
    keys: 150,
    logMebibytes: 40,
    diskMebibytes: 64,
    cores: countOf(allowed),
    leftKey: randomInt(0x10000000, 0x7fffffff),
    shmKey: randomInt(0x10000000, 0x7fffffff),
    abstract: `berth-audit-${randomBytes(4).toString('hex')}`,
    posixShm: `berth-audit-${randomBytes(4).toString('hex')}`,
    engineSockets: ['/run/docker.sock', '/run/podman/podman.sock'],
  }
}
