import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Makes dist/: the sources as JavaScript, and the files beside them that are read at run time (SQL, JSON). */

process.chdir(join(import.meta.dirname, '..'))
rmSync('dist', { recursive: true, force: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })

const data = globSync('src/**/*', { withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(ts|md)$/.test(entry.name))
  .map((entry) => relative('.', join(entry.parentPath, entry.name)))
for (const file of data) {
  const copy = file.replace(/^src\//, 'dist/')
  mkdirSync(dirname(copy), { recursive: true })
  copyFileSync(file, copy)
}
if (!existsSync('dist/cli/main.js')) throw new Error('tsc made no dist/cli/main.js')
console.log(`dist: ${globSync('dist/**/*.js').length} modules, ${data.length} data files`)
