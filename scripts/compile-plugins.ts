import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Plugin } from 'esbuild'

/** What main.ts becomes, by the module that it then loads. Each lies in a file of its own beside it, in dist/cli. */
const parts = { '/daemon/main.ts': './daemon.cjs', '/run-command-line.ts': './command.cjs' } as const

/** The command loads the daemon's file only when it becomes the daemon, and its own only when it does not. */
export function partsApart(): Plugin {
  return {
    name: 'parts-apart',
    setup(building) {
      for (const [source, path] of Object.entries(parts)) {
        building.onResolve({ filter: new RegExp(`${source.replaceAll('.', '\\.')}$`) }, ({ kind }) =>
          kind === 'dynamic-import' ? { path, external: true } : undefined,
        )
      }
    },
  }
}

/** Messages of zod in 40 languages, of which the English ones are imported by themselves: 7 MiB of a process. */
export function withoutLocales(): Plugin {
  return {
    name: 'without-locales',
    setup(building) {
      building.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }))
    },
  }
}

/**
 * `import.meta` of a module says where in dist/ it would lie if it were compiled by itself: what it reads at run time is
 * as far from there as from the source. Outputs lie in a folder of dist/.
 */
export function placesOfModules(root: string): Plugin {
  const found = execFileSync('grep', ['-rlF', '--include=*.ts', 'import.meta', 'src'], { cwd: root, encoding: 'utf8' })
  const modules = found.trim().split('\n')
  return {
    name: 'places-of-modules',
    setup(building) {
      building.onLoad({ filter: new RegExp(`/(${modules.join('|').replaceAll('.', '\\.')})$`) }, ({ path }) => {
        const inDist = join('..', relative(join(root, 'src'), path).replace(/\.ts$/, '.cjs'))
        const file = `require('node:path').join(__dirname, ${JSON.stringify(inDist)})`
        const text = readFileSync(path, 'utf8')
          .replaceAll('import.meta.url', `require('node:url').pathToFileURL(${file}).href`)
          .replaceAll('import.meta.filename', file)
          .replaceAll('import.meta.dirname', `require('node:path').dirname(${file})`)
        if (text.includes('import.meta')) throw new Error(`${path}: only url, filename and dirname are known here`)
        return { contents: text, loader: 'ts' }
      })
    },
  }
}
