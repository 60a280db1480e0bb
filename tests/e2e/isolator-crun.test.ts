import { spawnSync } from 'node:child_process'
import { isolatorContract } from '../contract/isolator.ts'

/**
 * The `container` level with crun instead of runc. crun takes no host whose tree of control groups of version 2 has
 * controllers beside those of version 1; where this one does, the test gives them one of version 1, in mounts of its own.
 */
const runtime = 'BERTH_RUNTIME'

const script = `own=/sys/fs/cgroup/crun
controllers=$(cat /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null | tr ' ' ,)
[ -n "$controllers" ] || exec "$@"
mkdir -p $own
mount -t cgroup -o "$controllers" none $own
code=0
"$@" || code=$?
umount $own
rmdir $own
exit $code`

if (process.env[runtime] === 'crun') isolatorContract('container')
else {
  const self = [process.execPath, ...process.execArgv, import.meta.filename]
  const { status } = spawnSync('unshare', ['--mount', 'sh', '-ec', script, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [runtime]: 'crun' },
  })
  process.exitCode = status ?? 1
}
