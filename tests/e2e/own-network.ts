import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Network and mount namespaces of a test file's own: it may flush all rules, turn on forwarding and take any address
 * without anybody noticing. The file runs twice: `before` in the first one, where there is a way to the world, and the
 * tests in the second one, where there is none but what they make.
 * @returns what `before` gave
 */
export async function inOwnNetwork(
  module: string,
  before: () => Promise<Record<string, string>>,
): Promise<NodeJS.ProcessEnv> {
  if (process.env['BERTH_TEST_OWN_NETWORK'] === '1') return process.env
  const environment = { ...process.env, ...(await before()), BERTH_TEST_OWN_NETWORK: '1' }
  const file = fileURLToPath(module)
  const argv = ['--net', '--mount', '--propagation', 'private', 'sh', '-ec', prepare, 'sh', process.execPath]
  // The test runner reads what this process prints: the second one prints to the same place, in the same way.
  const { status, error } = spawnSync('unshare', [...argv, ...process.execArgv, file], {
    stdio: 'inherit',
    env: environment,
  })
  if (error) throw error
  process.exit(status ?? 1)
}

/**
 * A sysfs shows the network of whoever mounted it; the control groups below it are to stay. A new network forwards when
 * the host's own does.
 */
const prepare = `
kept=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$kept"
mount -t sysfs sysfs /sys
mount --rbind "$kept" /sys/fs/cgroup
umount --lazy "$kept"
rmdir "$kept"
echo 0 > /proc/sys/net/ipv4/ip_forward
ip link set dev lo up
exec "$@"`
