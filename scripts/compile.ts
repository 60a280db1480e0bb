import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { partsApart, placesOfModules, withoutLocales } from './compile-plugins.ts'

/**
 * Makes dist/: all sources and packages in one file for the command, one for the daemon, one for the process that builds
 * again and one for the name relay, which Node starts in half the time of the sources. Files that are read at run time (SQL, programs) lie
 * there as they lie in src/.
 *
 * In a clone, scripts/which-main uses it while dist/.made-of is the signature of what it is made of. So that is removed
 * first and written last, and only when no source has changed meanwhile. One at a time: `compile` there holds a lock.
 */

const root = join(import.meta.dirname, '..')
process.chdir(root)
const stamp = 'dist/.made-of'
const sources = ['src', 'scripts', 'package.json', 'package-lock.json']

rmSync(stamp, { force: true })
const before = ask(`signature_of ${sources.join(' ')}`)
const { outputFiles, metafile } = await build({
  absWorkingDir: root, // else the folder in which esbuild was loaded
  entryPoints: {
    'cli/main': 'src/cli/main.ts',
    'cli/command': 'src/cli/run-command-line.ts',
    'cli/daemon': 'src/daemon/main.ts',
    'cli/rebuild-process': 'src/deploy/reproduction/rebuild-process.ts',
    'cli/stage-process': 'src/audit/stage/stage-process.ts',
    'egress/relay-process': 'src/egress/relay-process.ts',
  },
  ...{ bundle: true, write: false, metafile: true, outdir: 'dist', logLevel: 'error' },
  // CommonJS starts a little sooner than modules, also where a part is loaded later.
  ...{ platform: 'node', target: 'node22', format: 'cjs', outExtension: { '.js': '.cjs' } },
  supported: { 'dynamic-import': false },
  // V8 keeps the text in memory, with two bytes a character if one of them is not ASCII. Names stay, for stack traces.
  ...{ minifyWhitespace: true, minifySyntax: true, legalComments: 'none', charset: 'ascii', lineLimit: 160 },
  external: ['@lydell/node-pty'], // native
  plugins: [partsApart(), withoutLocales(), placesOfModules(root)],
})

const made = new Set<string>()
for (const { path, text } of outputFiles) put(relative(root, path), (file) => writeFileSync(file, asAscii(text)))
for (const [folder, name] of [
  ['deploy/reproduction', 'rebuild-process'],
  ['audit/stage', 'stage-process'],
]) {
  put(`dist/${folder}/${name}.cjs`, (file) => writeFileSync(file, `require('../../cli/${name}.cjs')\n`))
}
for (const path of filesOf('src')) {
  if (!/\.(ts|md)$/.test(path)) put(join('dist', relative('src', path)), (file) => copyFileSync(path, file))
}
// What is not made of these sources would end up in the package.
for (const path of filesOf('dist')) if (!made.has(path) && !/^dist\/\.[^/]+$/.test(path)) rmSync(path)

const packages = Object.keys(metafile.inputs).filter((path) => !path.startsWith('src/'))
writeFileSync('dist/.inputs', [...sources, ...packages, ...made].join('\0'))
if (before !== ask(`signature_of ${sources.join(' ')}`)) throw new Error('sources have changed meanwhile')
writeFileSync(stamp, ask('compiled_signature'))
console.log(`dist: ${Object.keys(metafile.inputs).length} modules in ${outputFiles.length} files`)

/** @throws when there is no signature, which must not look like one */
function ask(words: string): string {
  return execFileSync('sh', ['-c', `set -eu; root=$PWD; . scripts/which-main; ${words}`], { encoding: 'utf8' })
}

/** Readers see the old file or the new one, never a part. */
function put(path: string, write: (path: string) => void): void {
  mkdirSync(dirname(path), { recursive: true })
  write(`${path}.new`)
  renameSync(`${path}.new`, path)
  made.add(path)
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** esbuild leaves regular expressions as they are. Where there are no comments, an escape means the same everywhere. */
function asAscii(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
