import type { Entry, MadeImage } from './made-image.ts'

const directory = { type: 'directory', mode: 0o755 } as const
/** CAP_SETGID and CAP_SETUID, permitted (linux/capability.h, vfs_cap_data): no UTF-8. */
export const capability = Buffer.from('01000002c0000000000000000000000000000000', 'hex')

/** An image with everything that a layer may have: compression, removals, owners, rights and devices. */
export function base(system: readonly Entry[], version: string): MadeImage {
  return {
    isListed: true,
    config: {
      Env: ['PATH=/usr/bin:/bin', `VERSION=${version}`],
      WorkingDir: '/srv',
      Entrypoint: null,
      Cmd: ['/bin/sh'],
    },
    layers: [
      {
        compression: 'gzip',
        entries: [
          ...['bin/', 'etc/', 'tmp/', 'data/', 'old/'].map((path) => ({ path, ...directory })),
          ...system,
          { path: 'bin/sh', type: 'symlink', linkTarget: '/usr/bin/dash', mode: 0o777 },
          { path: 'data/a', content: 'a' },
          { path: 'data/b', content: 'b' },
          { path: 'old/x', content: 'x' },
          { path: 'dev/null', type: 'character', mode: 0o666, device: { major: 1, minor: 3 } },
        ],
      },
      {
        compression: 'zstd',
        entries: [
          { path: 'data/.wh.a' },
          { path: 'old/.wh..wh..opq' },
          { path: 'old/y', content: 'y', uid: 33, gid: 33 },
          { path: 'privileged', mode: 0o6755, content: 'privileged' },
          { path: 'able', mode: 0o755, content: 'able', attributes: new Map([['security.capability', capability]]) },
        ],
      },
      { entries: [{ path: 'version', content: version }] },
    ],
  }
}
