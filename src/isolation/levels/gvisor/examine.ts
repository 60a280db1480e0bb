import { processFacts } from '../../../host/process-facts.ts'
import type { Drift } from '../../../model/proof.ts'
import type { Bundle } from '../../level.ts'
import type { Examined } from '../../isolator.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'
import { uidInside } from '../container/spec.ts'
import { givesOwnIds } from './own-ids.ts'

/**
 * Holds a running sandbox against its specification as far as the host sees into it: the walls around gVisor's own
 * kernel. What is behind them, only that kernel knows.
 */
export async function examineGvisor(
  { layout, spec, facts }: Bundle,
  { pid, topmost }: { readonly pid: number; readonly topmost: string },
): Promise<Examined> {
  const { status, argv } = await processFacts(pid)
  const isOwn = await givesOwnIds(facts)
  const uid = isOwn ? spec.idBase : 0
  const drift: Drift[] = []
  const differs = (what: string, expected: string, is: string) => {
    if (expected !== is) drift.push({ where: 'sandbox', what: `${what} is ${is}, and should be ${expected}` })
  }
  differs('its program', 'runsc-sandbox', argv[0] ?? '')
  differs('Uid', Array(4).fill(uid).join(' '), (status.get('Uid') ?? '').replaceAll('\t', ' '))
  differs('Seccomp', '2', status.get('Seccomp') ?? '')
  await writeScaffold(spec, uidInside(spec, { givesUserNamespaces: isOwn }), topmost)
  return { drift, root: layout.root, isBare: true, covered: new Set() }
}
