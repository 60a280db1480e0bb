import { access, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { instanceFrom } from '../../src/host/instance.ts'
import { fetchKernel } from '../../src/isolation/levels/vm/fetch-kernel.ts'

/** Where the kernel and the block devices of images lie that all test runs of this machine share. */
const shared = '/var/tmp/berth-test-trees/machines'

/** Gives an instance what virtual machines are made of, which is fetched and made once. */
export async function shareMachineParts(home: string): Promise<void> {
  const parts = join(shared, 'vm')
  await mkdir(parts, { recursive: true })
  const hasKernel = await access(join(parts, 'kernel', 'vmlinuz')).then(
    () => true,
    () => false,
  )
  if (!hasKernel) await fetchKernel(instanceFrom({ BERTH_HOME: shared }), AbortSignal.timeout(300_000))
  await symlink(parts, join(home, 'vm'))
}
