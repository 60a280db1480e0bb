import { isSameFile, mountsOf, type MountFacts, processFacts } from '../../../host/process-facts.ts'
import { readlink, readText } from '../../../host/files.ts'
import type { Drift } from '../../../model/proof.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Bundle } from '../../level.ts'
import { parseHardLimits } from '../../sandbox/facts.ts'
import { environmentDrift, volumeDrift } from '../container/examine.ts'
import { environmentOf } from '../environment.ts'
import { firstProcess, type NativeLevel } from './native.ts'
import { limitNames, type Step } from './steps.ts'

const where = 'sandbox'

/** Compares what a running process is, by the kernel's word, with what it was to become. */
export async function nativeDrift(native: NativeLevel, bundle: Bundle, pid: number): Promise<Drift[]> {
  const { spec } = bundle
  const [found, root, limits, walls] = await Promise.all([
    processFacts(pid),
    readlink(`/proc/${pid}/root`),
    readText(`/proc/${pid}/limits`),
    native.walls(bundle),
  ])
  const seen = (path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length) : path === root ? '/' : path)
  const status = (name: string) => (found.status.get(name) ?? '').replaceAll('\t', ' ')
  const argv = firstProcess(native, bundle)
  const expected: [what: string, should: string, is: string][] = [
    ['its command', JSON.stringify(argv), JSON.stringify(found.argv)],
    ['its program', native.init, seen(found.program)],
    ['its working directory', spec.workdir, seen(found.workingDirectory)],
    ...Object.entries(wallsInStatus(spec.idBase + appUid, walls)).map(([name, should]): [string, string, string] => [
      name,
      should,
      status(name),
    ]),
    ...limitsIn(walls).map(([name, should]): [string, string, string] => [
      name,
      should,
      String(parseHardLimits(limits ?? '')[name] ?? 'unlimited'),
    ]),
  ]
  return [
    ...expected.flatMap(([what, should, is]) =>
      should === is ? [] : [{ where, what: `${what} is ${is}, and should be ${should}` }],
    ),
    ...environmentDrift(found.environment, environmentOf(spec), spec),
    ...(await volumeDrift(spec, `/proc/${pid}/root`)),
  ]
}

/** Lines of `/proc/PID/status` that say what a process may do (proc(5)). */
function wallsInStatus(uid: number, walls: readonly Step[]): Record<string, string> {
  const ids = Array(4).fill(uid).join(' ')
  const none = '0'.repeat(16)
  const has = (step: Step[0]) => walls.some(([name]) => name === step)
  return {
    ...{ Uid: ids, Gid: ids, Groups: '', CapInh: none, CapPrm: none, CapEff: none, CapAmb: none },
    ...(has('bounded') ? { CapBnd: none } : {}),
    NoNewPrivs: has('unprivileged') ? '1' : '0',
  }
}

function limitsIn(walls: readonly Step[]): [name: string, value: string][] {
  return walls.flatMap((step) => (step[0] === 'limit' ? [[limitNames.get(step[1]) ?? step[1], step[2]]] : []))
}

/** Compares what is mounted with the steps that mount. */
export async function mountDrift(steps: readonly Step[], pid: number): Promise<Drift[]> {
  const byPoint = new Map((await mountsOf(pid)).map((mount) => [mount.point, mount]))
  const drift: Drift[] = []
  for (const step of steps) {
    if (step[0] !== 'mount' && step[0] !== 'bind') continue
    const [, source, target, flags] = step
    const mount = byPoint.get(target)
    const isRight =
      step[0] === 'mount' ? mount?.type === source : await isSameFile(source, `/proc/${pid}/root${target}`)
    if (!mount || !isRight) drift.push({ where, path: target, what: `is not ${source}, which should be mounted there` })
    for (const flag of missingFlags(mount, flags))
      drift.push({ where, path: target, what: `is mounted without ${flag}` })
    byPoint.delete(target)
  }
  byPoint.delete('/')
  return [...drift, ...[...byPoint.keys()].map((path) => ({ where, path, what: 'is mounted, and should not be' }))]
}

function missingFlags(mount: MountFacts | undefined, flags: string): string[] {
  return mount && flags !== '-' ? flags.split(',').filter((flag) => !mount.options.includes(flag)) : []
}
