import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** A Debian tree with Python, made once for this machine: what an image of berth's own would look like. */
export function rootFileSystem(): Promise<string> {
  return madeOnce('bookworm', async (tree) => {
    await run('mmdebstrap', ['--variant=minbase', '--include=python3,procps,nodejs,gunicorn', 'bookworm', tree])
    await run('chmod', ['0755', tree])
  })
}

/** What an image of berth's own has on top of Debian: a virtualenv for the host's Python in `/app`, and a Node. */
export async function applicationTree(): Promise<string> {
  const { stdout: python } = await run('/usr/bin/python3', [
    '-c',
    'import sys; print("python%d.%d" % sys.version_info[:2])',
  ])
  const debian = await rootFileSystem()
  return madeOnce(`application-${python.trim()}-node${process.versions.node}`, async (tree) => {
    const environment = join(tree, 'app', 'venv')
    const programs = join(tree, 'usr', 'local', 'bin')
    for (const directory of [environment, programs]) await mkdir(directory, { recursive: true, mode: 0o755 })
    await run('/usr/bin/python3', ['-m', 'venv', '--without-pip', environment])
    const packages = ['gunicorn', 'gunicorn-20.1.0.egg-info', 'pkg_resources', 'setuptools']
    for (const name of packages)
      await run('cp', [
        '-r',
        join(debian, 'usr/lib/python3/dist-packages', name),
        join(environment, 'lib', python.trim(), 'site-packages'),
      ])
    const script = '#!/app/venv/bin/python\nfrom gunicorn.app.wsgiapp import run\nrun()\n'
    await writeFile(join(environment, 'bin', 'gunicorn'), script, { mode: 0o755 })
    await run('cp', ['--reflink=auto', process.execPath, join(programs, 'node')])
    await run('chmod', ['-R', 'u=rwX,go=rX', tree])
  })
}

export const applicationEnvironment = { PATH: '/app/venv/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** A tree of this machine's that test runs share. */
async function madeOnce(name: string, make: (tree: string) => Promise<void>): Promise<string> {
  const cache = '/var/tmp/berth-test-trees'
  const tree = join(cache, name)
  const isThere = await access(tree).then(
    () => true,
    () => false,
  )
  if (isThere) return tree
  await mkdir(cache, { recursive: true })
  const making = await mkdtemp(join(cache, 'making-'))
  try {
    const made = join(making, 'tree')
    await make(made)
    await rename(made, tree).catch(() => undefined) // another test run was first
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return tree
}
