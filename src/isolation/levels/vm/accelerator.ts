import { join } from 'node:path'
import { runCommand } from '../../../host/command.ts'
import { exists, readText, replaceFile, rm } from '../../../host/files.ts'
import type { Instance } from '../../../host/instance.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import { ensureInitramfs } from './initramfs.ts'
import {
  type Accelerator,
  accelerators,
  kernelArguments,
  machineArguments,
  portArguments,
  processorArguments,
} from './machine.ts'
import { sharedPaths } from './paths.ts'

/**
 * Finds out what this host can do, once from boot to boot. That the device is there says little: under another hypervisor
 * small guests may run with it and kernels hang.
 */
export async function findAccelerator(instance: Instance): Promise<Accelerator> {
  const note = join(sharedPaths(instance).all, 'accelerator')
  return oneAtATime(`accelerator ${note}`, async () => {
    const boot = (await readText('/proc/sys/kernel/random/boot_id'))?.trim() ?? ''
    const noted = await readText(note)
    const known = accelerators.find((each) => noted === `${boot} ${each}`)
    if (known) return known
    const found = (await exists('/dev/kvm')) && (await bootsKernel(instance)) ? 'kvm' : 'tcg'
    await replaceFile(note, `${boot} ${found}`)
    return found
  })
}

/** What the guest says when it has come up (frames.pl); one that has panicked says nothing. */
const greeting = '\0\0\0\0\0\0H'

/** Some hundred milliseconds are usual. */
const patienceSeconds = 5

/** Boots what every virtual machine boots; the guest's init ends it once it has said so. */
async function bootsKernel(instance: Instance): Promise<boolean> {
  const initramfs = await ensureInitramfs(instance)
  const { all, kernel } = sharedPaths(instance)
  const heard = join(all, 'probe')
  const argv = [
    'qemu-system-x86_64',
    ...[...machineArguments, ...processorArguments('kvm', 1), '-m', '192M'],
    ...['-kernel', join(kernel, 'vmlinuz'), '-initrd', initramfs],
    ...['-append', `${kernelArguments('kvm')} berth.probe`],
    ...['-chardev', `file,id=control,path=${heard}`, ...portArguments],
  ] as const
  try {
    await runCommand(argv, { timeoutSeconds: patienceSeconds })
    return (await readText(heard))?.includes(greeting) === true
  } catch {
    return false // whatever the reason, there is the other way
  } finally {
    await rm(heard, { force: true })
  }
}
