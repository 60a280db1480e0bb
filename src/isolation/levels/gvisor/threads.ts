import { places } from '../supervised/inner.ts'

/**
 * The control groups of the host count what gVisor's kernel is made of, not the application's threads, which are that
 * kernel's own; and of RLIMIT_NPROC it only takes note. It has a controller of its own for them, which runsc sets up for
 * nobody: so it is mounted from inside, by a root whom only the host can bring in, where the application cannot look.
 *
 * The limit is read where the application sees it (`limitFiles`). All that runs by then goes in; what that starts
 * meanwhile, the next round finds. The shell itself is taken away in the end.
 */
export const limitThreads = `b=${places.shell}
at=${places.directory}/threads
$b mkdir -m 700 $at
$b mkdir $at/all
$b mount -t cgroup -o pids pids $at/all
own=$at/all/application
$b mkdir $own
read -r most < /sys/fs/cgroup/pids/pids.max
echo "$most" > $own/pids.max
while :; do
  moved=no
  while read -r process; do
    [ "$process" = $$ ] || ! echo "$process" > $own/cgroup.procs || moved=yes
  done < $at/all/cgroup.procs
  [ $moved = yes ] || break
done
$b umount $b`

/** How runsc is told to bring that root in, before the sandbox's name. */
export const asRootInside = 'exec --user 0:0 --cap CAP_SYS_ADMIN --cap CAP_DAC_OVERRIDE'
