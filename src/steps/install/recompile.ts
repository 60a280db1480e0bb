import { join } from 'node:path'
import { kindInRoot } from '../../host/root-links.ts'
import { listTree } from '../../host/tree.ts'
import { seededPython } from '../../image/index.ts'
import { rootAccount } from '../../isolation/build/config.ts'
import type { BuildSandbox } from '../../isolation/build/sandbox.ts'
import { runOne, type LayerWork } from './layer-work.ts'

/**
 * Compiles each named file to the byte-code beside it, in the way the header of the one that is there says. What cannot
 * be compiled stays as it is.
 */
const program = `
import importlib.util, py_compile, sys
modes = {0: 'TIMESTAMP', 1: 'UNCHECKED_HASH', 3: 'CHECKED_HASH'}
for cache in sys.argv[1:]:
    with open(cache, 'rb') as f:
        flags = f.read(8)[4]
    try:
        source = importlib.util.source_from_cache(cache)
        optimize = {'opt-1': 1, 'opt-2': 2}.get(cache.rsplit('.', 2)[-2], 0)
        mode = getattr(py_compile.PycInvalidationMode, modes[flags])
        py_compile.compile(source, cfile=cache, doraise=True, optimize=optimize, invalidation_mode=mode)
    except (py_compile.PyCompileError, OSError, ValueError, KeyError):
        pass
`

const filesAtOnce = 400

/**
 * Compiles byte-code of older Pythons again: package scripts ignore the environment, so theirs has another order each
 * time. One process a few hundred files, in a fixed order, with a fixed seed.
 */
export async function recompileByteCode(work: LayerWork, sandbox: BuildSandbox): Promise<void> {
  const byVersion = new Map<string, string[]>()
  for (const { path, stats } of await listTree(work.upper)) {
    if (!path.endsWith('.pyc') || !path.includes('__pycache__/') || !stats.isFile()) continue
    const version = await seededPython(join(work.upper, path))
    if (version !== undefined) byVersion.set(version, [...(byVersion.get(version) ?? []), `/${path}`])
  }
  for (const [version, paths] of byVersion) {
    const python = interpreters(version).find((path) => kindInRoot(sandbox.root, path) === 'file')
    if (python === undefined) continue
    for (let start = 0; start < paths.length; start += filesAtOnce) {
      const argv = [python, '-S', '-c', program, ...paths.slice(start, start + filesAtOnce)]
      await runOne(work, sandbox, { runAs: rootAccount, cwd: '/' }, { argv, env: { PYTHONHASHSEED: '0' } })
    }
  }
}

function interpreters(version: string): string[] {
  return ['/usr/bin', '/usr/local/bin', '/opt/python/bin'].map((directory) => join(directory, `python${version}`))
}
