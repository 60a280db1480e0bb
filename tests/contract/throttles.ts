import { readFile } from 'node:fs/promises'

/** What the kernel says of the speed that it allows a process, with either version of control groups. */
export async function throttlesOf(pid: number): Promise<string> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8')
  const first = /^\d+:(?:[^:]*,)?blkio(?:,[^:]*)?:(.+)$/m.exec(groups)?.[1]
  if (first !== undefined) return readFile(`/sys/fs/cgroup/blkio${first}/blkio.throttle.write_bps_device`, 'utf8')
  return readFile(`/sys/fs/cgroup${/^0::(.+)$/m.exec(groups)?.[1] ?? ''}/io.max`, 'utf8')
}
