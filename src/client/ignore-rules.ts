import ignore from 'ignore'

/**
 * Which files of a folder are not part of the application. Rules are those of .gitignore (gitignore(5)): the last
 * matching pattern of the deepest folder decides, and nothing inside an ignored folder can be taken back in.
 */

/** Left out without being asked: version control, and what an install makes anew. */
export const alwaysLeftOut: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
])

/** In their order: what .berthignore says overrides .gitignore beside it. */
export const ignoreFiles = ['.gitignore', '.berthignore'] as const

/** The rules that hold in one folder. */
export interface IgnoreRules {
  /** Whether an entry of this folder is left out. */
  leavesOut(name: string, isFolder: boolean): boolean
  /** The rules for a folder inside this one, where `texts` are the contents of its ignore files. */
  inside(name: string, texts: readonly string[]): IgnoreRules
}

interface Level {
  /** Path of the folder, from the one whose ignore files these are; empty or with a slash at its end. */
  readonly below: string
  readonly matcher: ReturnType<typeof ignore>
}

/** The rules of the topmost folder. */
export function ignoreRules(texts: readonly string[]): IgnoreRules {
  return rulesOf([levelOf(texts)])
}

function levelOf(texts: readonly string[]): Level {
  return { below: '', matcher: ignore({ ignorecase: false, allowRelativePaths: false }).add(texts.join('\n')) }
}

function rulesOf(levels: readonly Level[]): IgnoreRules {
  return {
    leavesOut(name, isFolder) {
      if (alwaysLeftOut.has(name)) return true
      for (const { below, matcher } of levels.toReversed()) {
        const { ignored, unignored } = matcher.test(`${below}${name}${isFolder ? '/' : ''}`)
        if (ignored || unignored) return ignored
      }
      return false
    },
    inside(name, texts) {
      const outer = levels.map(({ below, matcher }) => ({ below: `${below}${name}/`, matcher }))
      return rulesOf([...outer, levelOf(texts)])
    },
  }
}
