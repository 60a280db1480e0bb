import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noise, noiseRowOf } from './noise.ts'

describe('noiseRowOf()', () => {
  const noisy: Record<string, string> = {
    'var/log/dpkg.log': 'var/log/dpkg.log',
    'var/log/alternatives.log': 'var/log/alternatives.log',
    'var/log/bootstrap.log': 'var/log/bootstrap.log',
    'var/log/fontconfig.log': 'var/log/fontconfig.log',
    'var/log/apt/history.log': 'var/log/apt/*',
    'var/cache/ldconfig/aux-cache': 'var/cache/ldconfig/aux-cache',
    'var/cache/apt/pkgcache.bin': 'var/cache/apt/*.bin',
    'var/cache/apt/archives/partial/a.deb': 'var/cache/apt/archives/**',
    'var/lib/apt/lists/partial': 'var/lib/apt/lists/**',
    'etc/machine-id': 'etc/machine-id',
    'var/lib/dbus/machine-id': 'var/lib/dbus/machine-id',
    'etc/ssh/ssh_host_rsa_key.pub': 'etc/ssh/ssh_host_*',
    'etc/ssl/private/ssl-cert-snakeoil.key': 'etc/ssl/private/ssl-cert-snakeoil.key',
    'etc/ssl/certs/ssl-cert-snakeoil.pem': 'etc/ssl/certs/ssl-cert-snakeoil.pem',
    'etc/ssl/certs/java/cacerts': 'etc/ssl/certs/java/cacerts',
    'var/cache/man/de/index.db': 'var/cache/man/**',
    'var/lib/gems/3.1.0/extensions/x86_64-linux/3.1.0/puma-6/gem_make.out':
      '{var/lib/gems,usr/local/bundle,app/vendor/bundle}/**/{gem_make.out,mkmf.log}',
    'etc/hostname': 'etc/hostname',
    'etc/resolv.conf': 'etc/resolv.conf',
    'etc/passwd-': 'etc/{passwd,group,shadow,gshadow,subuid,subgid}-',
    'var/lib/dpkg/status-old': 'var/lib/dpkg/*-old',
    'var/cache/debconf/config.dat-old': 'var/cache/debconf/*-old',
    'etc/.pwd.lock': 'etc/.pwd.lock',
    'var/lib/dpkg/lock-frontend': 'var/lib/dpkg/lock*',
    'var/lib/dpkg/triggers/Lock': 'var/lib/dpkg/triggers/Lock',
    'tmp/a/b': 'tmp/**',
    'var/tmp/a': 'var/tmp/**',
    'run/lock': 'run/**',
    'run/berth/certificates.pem': 'run/berth/**',
    'root/.cache/pip/http/a': '{root,home/*}/.cache/{pip,uv,go-build,pypoetry,composer,yarn,node-gyp,fontconfig}/**',
    'home/node/.npm/_logs/a': '{root,home/*}/.npm/**',
    'root/.node-gyp/24/a': '{root,home/*}/.node-gyp/**',
    'root/.wget-hsts': '{root,home/*}/.wget-hsts',
    'srv/app/venv/lib/python2.7/site-packages/pip-20.3.4.dist-info/RECORD': '**/*.dist-info/RECORD',
    'srv/app/.git/index': '**/.git/index',
    'srv/app/.git/modules/lib/index': '**/.git/{modules,worktrees}/**/index',
    'srv/app/.git/logs/HEAD': '**/.git/logs/**',
    'srv/app/.git/modules/lib/logs/refs/heads/main': '**/.git/{modules,worktrees}/**/logs/**',
    'usr/local/share/.cache/yarn/a': 'usr/local/share/.cache/**',
    'app/node_modules/.modules.yaml': '**/node_modules/.modules.yaml',
    'app/node_modules/.pnpm-workspace-state-v1.json': '**/node_modules/.pnpm-workspace-state-v1.json',
    'root/.config/go/telemetry/local/x': '{root,home/*}/.config/go/telemetry/**',
    'tmp/node-compile-cache/a': 'tmp/{node-compile-cache,npm-*,v8-compile-cache-*}/**',
  }
  for (const [path, row] of Object.entries(noisy)) {
    it(`knows ${path}`, () => assert.equal(noiseRowOf(path)?.path, row))
  }

  it('knows the link that is named after the hash of a random certificate', () => {
    assert.equal(noiseRowOf('etc/ssl/certs/1a2b3c4d.0', 'ssl-cert-snakeoil.pem')?.action, 'delete-link')
  })

  const quiet = [
    'var/log/app.log',
    'etc/passwd',
    'var/lib/dpkg/status',
    'tmp',
    'run',
    'app/tmp/a',
    'etc/ssh/sshd_config',
    'root/.cache/ms-playwright/chromium',
    'srv/app/.git/HEAD',
    'srv/app/RECORD',
    'srv/app/git/index',
    'srv/app/.git/objects/index',
  ]
  for (const path of quiet) it(`keeps ${path}`, () => assert.equal(noiseRowOf(path), undefined))

  it('keeps links to other certificates', () => {
    assert.equal(noiseRowOf('etc/ssl/certs/1a2b3c4d.0', 'ISRG_Root_X1.pem'), undefined)
  })

  it('has each of its rows tested', () => {
    const tested = new Set([...Object.values(noisy), 'etc/ssl/certs/*'])
    assert.deepEqual(
      noise.map(({ path }) => path).filter((path) => !tested.has(path)),
      [],
    )
  })
})
